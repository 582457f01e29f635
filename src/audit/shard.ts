import type { Goal } from '../report.ts'

/** Which share of the work one part of a sharded audit does; every part comes to the same division without talking to the others. */
export interface Share {
  /** whether a file is looked at, by its place in the call */
  file(place: number): boolean
  /** of the layers looked at in a file, those that are this part's */
  layers(indices: readonly number[]): number[]
  /** whether the file's network certificate is made here */
  network(): boolean
}

/**
 * With at least as many files as parts, whole files are dealt out in turn. With fewer, every part reads every file and the layers are
 * dealt out in turn, counted through all files; network certificates are the first part's then.
 */
export function shareOf({ shard }: Goal, files: number): Share {
  if (!shard) return { file: () => true, layers: indices => [...indices], network: () => true }
  const { part, of } = shard
  if (files >= of) return { file: place => place % of === part - 1, layers: indices => [...indices], network: () => true }
  let dealt = 0
  return {
    file: () => true,
    layers: indices => indices.filter(() => dealt++ % of === part - 1),
    network: () => part === 1,
  }
}
