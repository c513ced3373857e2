/** One file on its way: XMLHttpRequest, because fetch cannot say how much has been sent. */
import { newKey, Refused, type Problem } from '../api/client';
import type { Attachment, Owner } from '../api/schema';

export interface Sending {
  done: Promise<Attachment>;
  stop: () => void;
}

/** RFC 5987: the name in UTF-8, nothing of it interpreted by anyone in between. */
export const disposition = (name: string): string =>
  `attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*!]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`;

export function send(owner: Owner, id: string, file: File, key: string, onprogress: (share: number) => void): Sending {
  const request = new XMLHttpRequest();
  const done = new Promise<Attachment>((resolve, reject) => {
    request.open('POST', `/api/v1/${owner}/${id}/attachments`);
    request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    request.setRequestHeader('Content-Disposition', disposition(file.name));
    request.setRequestHeader('Idempotency-Key', key);
    request.setRequestHeader('X-Causeway', '1');
    request.setRequestHeader('Accept', 'application/json');
    request.upload.onprogress = (e) => {
      if (e.lengthComputable) onprogress(e.loaded / e.total);
    };
    const line = (): void => reject(new Refused({ code: 'no_line', status: 0 }));
    request.onerror = line;
    request.ontimeout = line;
    request.onabort = line;
    request.onload = () => {
      let body: unknown = null;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // A proxy in between spoke: the status has to do.
      }
      if (request.status >= 200 && request.status < 300 && body) resolve(body as Attachment);
      else {
        const said = (body ?? {}) as Partial<Problem>;
        const spare = request.status === 413 ? 'too_large' : request.status === 415 ? 'not_accepted' : request.status === 507 ? 'disk_full' : 'internal';
        reject(new Refused({ ...said, code: said.code ?? spare, status: request.status }));
      }
    };
    request.send(file);
  });
  return { done, stop: () => request.abort() };
}

export const fresh = newKey;

/** What the browser can show by itself. */
export function shownAs(file: Pick<Attachment, 'mime' | 'dicom'>): 'image' | 'pdf' | 'dicom' | 'none' {
  if (file.dicom || file.mime === 'application/dicom') return 'dicom';
  if (/^image\/(jpeg|png|webp|gif)$/.test(file.mime)) return 'image';
  return file.mime === 'application/pdf' ? 'pdf' : 'none';
}
