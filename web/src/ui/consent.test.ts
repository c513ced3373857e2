import { describe, expect, it } from 'vitest';
import { BLANK_CONSENT, consentGap, consentOf, overrideOf, type ConsentDraft } from './consent';

const draft = (part: Partial<ConsentDraft>): ConsentDraft => ({ ...BLANK_CONSENT, ...part });
const strokes = { width: 600, height: 200, lines: [[[1, 2], [3, 4]]] as [number, number][][] };

describe('a consent that is being filled in', () => {
  it('says what is missing, one thing at a time', () => {
    expect(consentGap(draft({}))).toBe('consent');
    expect(consentGap(draft({ method: 'on_screen' }))).toBe('signature');
    expect(consentGap(draft({ method: 'verbal_witness', witness: ' ' }))).toBe('witness');
    expect(consentGap(draft({ method: 'paper', signer: 'guardian' }))).toBe('name');
    expect(consentGap(draft({ method: 'paper', signer: 'guardian', name: '苗守业' }))).toBe('relation');
    expect(consentGap(draft({ method: 'override' }))).toBe('reason');
    expect(consentGap(draft({ method: 'paper' }))).toBeNull();
  });

  it('sends what belongs to the way it was given, and nothing of another', () => {
    const tried = draft({ method: 'paper', strokes, textVersion: 1, witness: '宋护士', photo: 'att-1' });
    expect(consentOf(tried)).toEqual({ method: 'paper', signer: 'patient', text_version: 1, text_lang: 'zh', photo: 'att-1' });
    expect(consentOf({ ...tried, method: 'on_screen' })).toMatchObject({ signature: strokes, text_version: 1 });
  });

  it('is not sent twice', () => {
    expect(consentGap(draft({ method: 'on_screen', kept: true }))).toBeNull();
    expect(consentOf(draft({ method: 'on_screen', kept: true }))).toBeUndefined();
  });

  it('without a signature goes with a reason', () => {
    expect(overrideOf(draft({ method: 'override', reason: ' 昏迷 ' }))).toEqual({ reason: '昏迷', reason_code: 'other' });
    expect(overrideOf(draft({ method: 'paper', reason: '昏迷' }))).toBeUndefined();
  });
});
