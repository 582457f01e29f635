/**
 * A PNG of palette indices, as a data URI. Stored, not deflated: a picture of 64×64 points is 4 kB either way, and nothing is needed for it.
 *
 * @param pixels width × height palette indices, row by row from the top
 * @param palette up to 256 colours, three bytes each
 */
export function pngUri(pixels: Uint8Array, width: number, height: number, palette: Uint8Array): string {
  const rows = new Uint8Array((width + 1) * height)
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1)
  const header = new Uint8Array(13)
  const view = new DataView(header.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  header.set([8, 3, 0, 0, 0], 8)
  const parts = [
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', palette),
    chunk('IDAT', stored(rows)),
    chunk('IEND', new Uint8Array(0)),
  ]
  let text = ''
  for (const part of parts) for (const byte of part) text += String.fromCharCode(byte)
  return `data:image/png;base64,${btoa(text)}`
}

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10)

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.length)
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i)
  bytes.set(data, 8)
  view.setUint32(data.length + 8, crc(bytes.subarray(4, data.length + 8)))
  return bytes
}

/** A zlib stream of one stored block after another (RFC 1950, 1951). */
function stored(data: Uint8Array): Uint8Array {
  const most = 65535
  const blocks = Math.max(1, Math.ceil(data.length / most))
  const bytes = new Uint8Array(data.length + 5 * blocks + 6)
  const view = new DataView(bytes.buffer)
  bytes.set([0x78, 0x01])
  let at = 2
  for (let first = 0; first === 0 || first < data.length; first += most) {
    const part = data.subarray(first, first + most)
    bytes[at] = first + most >= data.length ? 1 : 0
    view.setUint16(at + 1, part.length, true)
    view.setUint16(at + 3, part.length ^ 0xffff, true)
    bytes.set(part, at + 5)
    at += part.length + 5
  }
  view.setUint32(at, adler(data))
  return bytes
}

function crc(data: Uint8Array): number {
  let remainder = 0xffffffff
  for (const byte of data) {
    remainder ^= byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1
  }
  return (remainder ^ 0xffffffff) >>> 0
}

function adler(data: Uint8Array): number {
  let [a, b] = [1, 0]
  for (const byte of data) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return b * 65536 + a
}
