import { direction, normal, type Random, seeded } from './random.ts'

/** Pixels along a side. */
export const side = 16

export const shapes = ['disk', 'ring', 'square', 'triangle', 'cross', 'star'] as const
export type Shape = (typeof shapes)[number]

/** Drawings one after another, `side · side` grey values in [0, 1] each, and the index of each one's shape. */
export interface Drawings {
  readonly count: number
  readonly pixels: Float32Array
  readonly labels: Int32Array
}

/** `count` drawings; the same seed draws the same pixels in every engine, and another seed draws others. */
export function draw(count: number, seed: number): Drawings {
  const random = seeded(seed)
  const pixels = new Float32Array(count * side * side)
  const labels = new Int32Array(count)
  for (let d = 0; d < count; d++) {
    labels[d] = Math.floor(random() * shapes.length)
    drawOne(shapes[labels[d]], random, pixels.subarray(d * side * side, (d + 1) * side * side))
  }
  return { count, pixels, labels }
}

/** Turned, moved and scaled at random; any two grey values with some contrast, the shape brighter or darker; noise on every pixel. */
function drawOne(shape: Shape, random: Random, pixels: Float32Array): void {
  const [cos, sin] = direction(random)
  const radius = 4.2 + 2.4 * random()
  const centreX = side / 2 + 3 * (random() - 0.5)
  const centreY = side / 2 + 3 * (random() - 0.5)
  const contrast = 0.4 + 0.5 * random()
  const darker = random() * (1 - contrast)
  const [ground, figure] = random() < 0.5 ? [darker, darker + contrast] : [darker + contrast, darker]
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let covered = 0
      for (let sample = 0; sample < 9; sample++) {
        const px = (x + ((sample % 3) + 0.5) / 3 - centreX) / radius
        const py = (y + (Math.floor(sample / 3) + 0.5) / 3 - centreY) / radius
        if (inside[shape](cos * px + sin * py, cos * py - sin * px)) covered++
      }
      const grey = ground + ((figure - ground) * covered) / 9 + 0.08 * normal(random)
      pixels[y * side + x] = Math.min(1, Math.max(0, grey))
    }
  }
}

const cos72 = (Math.sqrt(5) - 1) / 4
const sin72 = Math.sqrt(1 - cos72 * cos72)
const cos144 = -(Math.sqrt(5) + 1) / 4
const sin144 = Math.sqrt(1 - cos144 * cos144)

/** Outward normals of the five lines a pentagram is drawn with. */
const pentagram = [
  [0, 1],
  [sin72, cos72],
  [sin144, cos144],
  [-sin144, cos144],
  [-sin72, cos72],
]

const inside: Record<Shape, (x: number, y: number) => boolean> = {
  disk: (x, y) => x * x + y * y < 0.72,
  ring: (x, y) => x * x + y * y < 1 && x * x + y * y > 0.25,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.78,
  triangle: (x, y) => y > -0.5 && Math.abs(x) * Math.sqrt(3) + y < 1,
  cross: (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.28 && Math.max(Math.abs(x), Math.abs(y)) < 1,
  // A point of the star lies beyond at most one of the five lines.
  star: (x, y) => pentagram.filter(([nx, ny]) => nx * x + ny * y > 0.34).length < 2,
}
