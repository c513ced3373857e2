// Small, valid files made by hand: a PDF of one page and a 16-bit DICOM picture. No patient is real.
export function pdf(text = 'Troponin I 0.86 ng/mL') {
  const drawn = `BT /F1 18 Tf 40 120 Td (${text}) Tj ET`;
  const parts = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 320 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${drawn.length} >>\nstream\n${drawn}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let out = '%PDF-1.4\n';
  const at = [];
  parts.forEach((part, i) => {
    at.push(out.length);
    out += `${i + 1} 0 obj\n${part}\nendobj\n`;
  });
  const table = out.length;
  out += `xref\n0 ${parts.length + 1}\n0000000000 65535 f \n${at.map((n) => `${String(n).padStart(10, '0')} 00000 n \n`).join('')}`;
  out += `trailer\n<< /Size ${parts.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  return Buffer.from(out, 'latin1');
}

/** One element, explicit VR, little endian. */
function element(group, tag, vr, value) {
  const raw = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  const data = raw.length % 2 ? Buffer.concat([raw, Buffer.from([vr === 'UI' || vr === 'OB' ? 0 : 0x20])]) : raw;
  const long = ['OB', 'OW', 'UN', 'SQ', 'UT'].includes(vr);
  const head = Buffer.alloc(long ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(tag, 2);
  head.write(vr, 4, 'latin1');
  if (long) head.writeUInt32LE(data.length, 8);
  else head.writeUInt16LE(data.length, 6);
  return Buffer.concat([head, data]);
}
const us = (n) => {
  const out = Buffer.alloc(2);
  out.writeUInt16LE(n);
  return out;
};
const ul = (n) => {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(n);
  return out;
};

/** A CT slice: a bright disc on a ramp, 16 bit, with window and rescale as a scanner writes them. */
export function dicom(size = 64) {
  const pixels = Buffer.alloc(size * size * 2);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const inside = Math.hypot(x - size / 2, y - size / 2) < size / 4;
      pixels.writeUInt16LE(inside ? 1_400 : 900 + x * 4, (y * size + x) * 2);
    }
  }
  const SECONDARY = '1.2.840.10008.5.1.4.1.1.2';
  const INSTANCE = '1.2.826.0.1.3680043.10.999.1';
  const meta = Buffer.concat([
    element(0x0002, 0x0001, 'OB', Buffer.from([0, 1])),
    element(0x0002, 0x0002, 'UI', SECONDARY),
    element(0x0002, 0x0003, 'UI', INSTANCE),
    element(0x0002, 0x0010, 'UI', '1.2.840.10008.1.2.1'),
    element(0x0002, 0x0012, 'UI', '1.2.826.0.1.3680043.10.999'),
  ]);
  const body = Buffer.concat([
    element(0x0008, 0x0016, 'UI', SECONDARY),
    element(0x0008, 0x0018, 'UI', INSTANCE),
    element(0x0008, 0x0060, 'CS', 'CT'),
    element(0x0010, 0x0010, 'PN', 'INVENTED^PERSON'),
    element(0x0010, 0x0020, 'LO', 'DEMO-1'),
    element(0x0020, 0x000d, 'UI', '1.2.826.0.1.3680043.10.999.2'),
    element(0x0020, 0x000e, 'UI', '1.2.826.0.1.3680043.10.999.3'),
    element(0x0028, 0x0002, 'US', us(1)),
    element(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
    element(0x0028, 0x0010, 'US', us(size)),
    element(0x0028, 0x0011, 'US', us(size)),
    element(0x0028, 0x0100, 'US', us(16)),
    element(0x0028, 0x0101, 'US', us(12)),
    element(0x0028, 0x0102, 'US', us(11)),
    element(0x0028, 0x0103, 'US', us(0)),
    element(0x0028, 0x1050, 'DS', '40'),
    element(0x0028, 0x1051, 'DS', '400'),
    element(0x0028, 0x1052, 'DS', '-1024'),
    element(0x0028, 0x1053, 'DS', '1'),
    element(0x7fe0, 0x0010, 'OW', pixels),
  ]);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(0x0002, 0x0000, 'UL', ul(meta.length)), meta, body]);
}
