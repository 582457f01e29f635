import { Presets, SingleBar } from 'cli-progress'

/** What is under way, for somebody who waits. */
export interface Progress {
  start(total: number): void
  step(done: number, what: string): void
  stop(): void
}

const silent: Progress = { start() {}, step() {}, stop() {} }

/** A bar with the time left, on a terminal only: logs and pipes get none. */
export function progressOn(stream: NodeJS.WriteStream, wanted: boolean): Progress {
  if (!wanted || !stream.isTTY) return silent
  const bar = new SingleBar(
    {
      stream,
      format: '{bar} {percentage}%  {eta_formatted} left  {what}',
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 20,
      barsize: 24,
    },
    Presets.shades_classic,
  )
  return {
    start: total => bar.start(total, 0, { what: '' }),
    step: (done, what) => bar.update(done, { what }),
    stop: () => bar.stop(),
  }
}
