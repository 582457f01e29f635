/**
 * Seeds of the drawings, so that no number of the table was looked at while anything was chosen: choose.ts sees only `choice`,
 * evidence.ts only `table`. The sample model has seeds of its own (make-sample.ts).
 */
export const sets = {
  choice: { learns: 11, judgedOn: 12 },
  table: { learns: [21, 22, 23], judgedOn: 31 },
} as const
