// The product's vault (src/kernel/vault.rs, format 1), so that what is written here opens there.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';

const derive = (master, purpose) => Buffer.from(hkdfSync('sha256', master, 'causeway vault 1', purpose, 32));

export class Vault {
  constructor(keyFile) {
    const master = Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'hex');
    this.fields = derive(master, 'fields');
    this.terms = derive(master, 'search terms');
    this.known = new Map();
    this.dice = Buffer.alloc(12 * 4096);
    this.thrown = this.dice.length;
  }

  /** A sealed value, as hexadecimal digits. */
  seal(place, plain) {
    if (this.thrown === this.dice.length) {
      randomFillSync(this.dice);
      this.thrown = 0;
    }
    const nonce = this.dice.subarray(this.thrown, (this.thrown += 12));
    const cipher = createCipheriv('aes-256-gcm', this.fields, nonce);
    cipher.setAAD(Buffer.from(place));
    const body = cipher.update(plain, 'utf8', 'hex') + cipher.final('hex');
    return `01${nonce.toString('hex')}${body}${cipher.getAuthTag().toString('hex')}`;
  }

  open(place, hex) {
    const bytes = Buffer.from(hex, 'hex');
    const opener = createDecipheriv('aes-256-gcm', this.fields, bytes.subarray(1, 13));
    opener.setAAD(Buffer.from(place));
    opener.setAuthTag(bytes.subarray(-16));
    return opener.update(bytes.subarray(13, -16), undefined, 'utf8') + opener.final('utf8');
  }

  term(word, kind = 'patient') {
    return createHmac('sha256', this.terms).update(`${kind}\0${word}`).digest('hex').slice(0, 32);
  }

  /** The same for words that many share: worked out once. */
  sharedTerm(word) {
    let term = this.known.get(word);
    if (!term) this.known.set(word, (term = this.term(word)));
    return term;
  }
}
