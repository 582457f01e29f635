/** Anchors from dark to light: little gain is night, the peak is daylight; told apart in grey print and by colour-blind eyes too. */
const ANCHORS = [
  [24, 18, 66],
  [54, 48, 132],
  [40, 98, 160],
  [32, 146, 152],
  [92, 184, 124],
  [196, 214, 96],
  [254, 242, 178],
]

/** 256 colours, three bytes each. */
export const PALETTE: Uint8Array = Uint8Array.from({ length: 768 }, (_, at) => {
  const place = (Math.floor(at / 3) / 255) * (ANCHORS.length - 1)
  const low = Math.min(ANCHORS.length - 2, Math.floor(place))
  const [from, to] = [ANCHORS[low][at % 3], ANCHORS[low + 1][at % 3]]
  return Math.round(from + (to - from) * (place - low))
})

/** The palette as a CSS gradient. */
export const GRADIENT = `linear-gradient(90deg, ${ANCHORS.map(rgb => `rgb(${rgb.join(' ')})`).join(', ')})`
