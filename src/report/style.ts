import { GRADIENT } from './charts/palette.ts'

/** Everything the report looks like, scoped to `.opnorm` so that a page can hold one. */
export const STYLE = `
.opnorm {
  --paper: #fbfaf7; --card: #ffffff; --ink: #1c2028; --soft: #5b6270; --line: #e3e0d8; --wash: #f2f0ea;
  --accent: #3a45b8; --up: #b4511f; --down: #1d7484; --bad: #a3262c; --badwash: #fbeceb; --good: #256b45;
  --shade: 0 1px 2px rgb(28 32 40 / .05), 0 4px 16px rgb(28 32 40 / .05);
  color: var(--ink); background: var(--paper); max-width: 1080px; margin: 0 auto; padding: 40px 28px 72px;
  font: 16px/1.5 ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; font-variant-numeric: tabular-nums;
  box-sizing: border-box; -webkit-text-size-adjust: 100%;
}
@media (prefers-color-scheme: dark) { .opnorm {
  --paper: #13151a; --card: #1b1e25; --ink: #e9e8e3; --soft: #a3a8b4; --line: #31353f; --wash: #22252d;
  --accent: #a3abff; --up: #f0955c; --down: #5cc0cf; --bad: #ff9d99; --badwash: #35201f; --good: #7fd0a0; --shade: none;
} }
html:has(.opnorm) { background: #fbfaf7; }
@media (prefers-color-scheme: dark) { html:has(.opnorm) { background: #13151a; } }
body:has(> .opnorm) { margin: 0; }
.opnorm * { box-sizing: border-box; }
.opnorm h1 { font-size: clamp(26px, 4.4vw, 40px); line-height: 1.12; margin: 2px 0 12px; letter-spacing: -.02em; overflow-wrap: anywhere; }
.opnorm h2 { font-size: 21px; margin: 48px 0 8px; letter-spacing: -.01em; }
.opnorm h2.model { overflow-wrap: anywhere; border-top: 1px solid var(--line); padding-top: 28px; }
.opnorm h3 { font-size: 16px; margin: 0; overflow-wrap: anywhere; }
.opnorm h4 { font-size: 13px; font-weight: 600; color: var(--soft); margin: 0 0 8px; }
.opnorm p { margin: 0 0 10px; }
.opnorm a { color: var(--accent); text-underline-offset: 3px; text-decoration-thickness: 1px; }
.opnorm :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.opnorm .brand { font-weight: 700; letter-spacing: -.01em; color: var(--accent); margin: 0; }
.opnorm .brand span { font-weight: 400; color: var(--soft); }
.opnorm .facts { display: flex; flex-wrap: wrap; gap: 4px 18px; color: var(--soft); font-size: 14px; margin: 0; }
.opnorm nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-top: 14px; font-size: 14px; }
.opnorm .lead { color: var(--soft); max-width: 70ch; }

.opnorm .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 14px; margin: 28px 0 0; }
.opnorm .tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; box-shadow: var(--shade); }
.opnorm .tile dt { font-size: 13px; color: var(--soft); }
.opnorm .tile dd { margin: 0; }
.opnorm .tile strong { display: block; font-size: 26px; line-height: 1.25; letter-spacing: -.02em; overflow-wrap: anywhere; }
.opnorm .tile span { display: block; font-size: 13px; color: var(--soft); overflow-wrap: anywhere; }
.opnorm .tile.certified { border-color: var(--good); }
.opnorm .tile.certified strong { color: var(--good); }
.opnorm .tile.muted strong { font-size: 20px; line-height: 1.6; color: var(--soft); }

.opnorm .findings { background: var(--badwash); border-radius: 12px; padding: 16px 20px; margin-top: 24px; }
.opnorm .findings h2 { margin: 0 0 6px; font-size: 17px; color: var(--bad); }
.opnorm .findings ul { margin: 0; padding-left: 18px; font-size: 14px; overflow-wrap: anywhere; }
.opnorm .refused { color: var(--bad); overflow-wrap: anywhere; }

.opnorm .chart { margin: 0; }
.opnorm .chart svg { display: block; width: 100%; height: 120px; overflow: visible; border-bottom: 1px solid var(--line); }
.opnorm .chart p { display: flex; justify-content: space-between; font-size: 12px; color: var(--soft); margin: 0; padding: 3px 0; }
.opnorm .lead + .chart { margin: 8px 0 18px; }
.opnorm .lead + .chart svg { height: 150px; }
.opnorm .chart .line { fill: none; stroke: var(--accent); stroke-width: 1.75; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.opnorm .chart .area { fill: var(--accent); opacity: .13; }
.opnorm .chart .axis { stroke: var(--soft); stroke-width: 1; vector-effect: non-scaling-stroke; opacity: .5; }

.opnorm details > summary { cursor: pointer; color: var(--soft); font-size: 14px; padding: 6px 0; }
.opnorm .chain, .opnorm .chain-head { --columns: minmax(0, 1.5fr) minmax(120px, 1.6fr) 92px 104px; }
.opnorm .chain { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
.opnorm .chain li, .opnorm .chain-head { display: grid; grid-template-columns: var(--columns); gap: 16px; align-items: center; }
.opnorm .chain li { padding: 7px 0; border-bottom: 1px solid var(--line); break-inside: avoid; }
.opnorm .chain-head { font-size: 12px; color: var(--soft); padding: 4px 0; text-align: right; }
.opnorm .chain-head > :first-child { text-align: left; }
.opnorm .chain-head .axis-words { display: flex; justify-content: space-between; }
.opnorm .chain-head i { font-style: normal; }
.opnorm .node b { display: block; font-size: 14px; font-weight: 600; line-height: 1.35; overflow-wrap: anywhere; }
.opnorm .node small { display: block; color: var(--soft); font-size: 12.5px; line-height: 1.35; overflow-wrap: anywhere; }
.opnorm .bar { position: relative; height: 12px; border-radius: 3px; background: var(--wash); }
.opnorm .chain .bar::after { content: ''; position: absolute; left: 50%; top: -3px; bottom: -3px; width: 1px; background: var(--soft); opacity: .55; }
.opnorm .bar i { position: absolute; top: 0; bottom: 0; min-width: 1px; }
.opnorm .bar .up { background: var(--up); border-radius: 0 3px 3px 0; }
.opnorm .bar .down { background: var(--down); border-radius: 3px 0 0 3px; }
.opnorm .num { text-align: right; white-space: nowrap; font-size: 14px; }
.opnorm .num.total { color: var(--soft); }

.opnorm .scroll { overflow-x: auto; margin: 0 -4px; padding: 0 4px; }
.opnorm table { border-collapse: collapse; width: 100%; font-size: 14px; }
.opnorm th, .opnorm td { padding: 7px 14px 7px 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: baseline; }
.opnorm th:last-child, .opnorm td:last-child { padding-right: 2px; }
.opnorm tbody th { font-weight: 500; }
.opnorm th.right, .opnorm td.right { text-align: right; }
.opnorm thead th { color: var(--soft); font-weight: 500; padding-bottom: 5px; }
.opnorm th button { font: inherit; color: inherit; background: none; border: 0; padding: 2px 0; margin: 0; cursor: pointer; }
.opnorm th button:hover { color: var(--ink); }
.opnorm th button::after { content: ' ↕'; opacity: .35; font-size: 11px; }
.opnorm th[aria-sort=descending] button::after { content: ' ↓'; opacity: 1; }
.opnorm th[aria-sort=ascending] button::after { content: ' ↑'; opacity: 1; }
.opnorm .meter { display: block; height: 3px; border-radius: 2px; background: var(--accent); opacity: .55; margin-top: 3px; }
.opnorm tr.failed td { color: var(--bad); white-space: normal; }
.opnorm .notes { color: var(--soft); font-size: 14px; padding-left: 18px; margin: 12px 0 0; overflow-wrap: anywhere; }

.opnorm .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 18px; margin-top: 28px; }
.opnorm article { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 20px 20px; box-shadow: var(--shade); min-width: 0; break-inside: avoid; scroll-margin-top: 16px; }
.opnorm article:target { border-color: var(--accent); }
.opnorm article > header p { color: var(--soft); font-size: 13px; margin: 2px 0 12px; }
.opnorm .enclosure strong { display: block; font-size: 20px; letter-spacing: -.01em; }
.opnorm .enclosure span { color: var(--soft); font-size: 13px; }
.opnorm .pictures { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 22px; margin-top: 14px; }
.opnorm .pictures > :only-child { grid-column: 1 / -1; }
.opnorm .pictures p { font-size: 12.5px; color: var(--soft); margin: 8px 0 0; }
.opnorm .map { margin: 0; }
.opnorm .torus { position: relative; aspect-ratio: 1; }
.opnorm .torus img { display: block; width: 100%; height: 100%; border-radius: 6px; }
.opnorm .torus .peak { position: absolute; width: 13px; height: 13px; margin: -6.5px; border: 2px solid #1c2028; border-radius: 50%; box-shadow: 0 0 0 1.5px rgb(255 255 255 / .85); }
.opnorm .map figcaption { display: flex; align-items: center; gap: 8px; font-size: 12px; color: var(--soft); margin-top: 7px; }
.opnorm .scale { flex: 1; height: 7px; border-radius: 4px; background: ${GRADIENT}; }
.opnorm .bounds { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: max-content minmax(40px, 1fr) max-content max-content; gap: 0 12px; }
.opnorm article h4 + .bounds { margin-top: 4px; }
.opnorm .pictures + h4 { margin-top: 20px; }
.opnorm .bounds li { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; align-items: center; padding: 4px 0; font-size: 13.5px; }
.opnorm .bounds li.absent .why { grid-column: 2 / -1; }
.opnorm .bounds .why { color: var(--soft); font-size: 12.5px; }
.opnorm .bounds small { display: block; color: var(--soft); font-size: 11.5px; line-height: 1.2; }
.opnorm .bounds .bar::after { content: ''; position: absolute; left: var(--mark); top: -7px; bottom: -7px; width: 1.5px; background: var(--ink); opacity: .6; }
.opnorm .bounds .num { font-size: 13px; }
.opnorm .bounds .enclosure { background: var(--accent); border-radius: 3px; }
.opnorm .bounds .upper { background: var(--up); opacity: .75; border-radius: 3px; }
.opnorm .bounds .lower { background: var(--down); opacity: .75; border-radius: 3px; }
.opnorm .bounds .exact { background: var(--accent); opacity: .7; border-radius: 3px; }
.opnorm .bounds .estimate { background: var(--soft); opacity: .6; border-radius: 3px; }
.opnorm .note, .opnorm .flat { font-size: 13px; color: var(--soft); margin: 12px 0 0; }

.opnorm footer { border-top: 1px solid var(--line); margin-top: 56px; color: var(--soft); font-size: 14px; }
.opnorm footer h2 { margin-top: 28px; font-size: 17px; color: var(--ink); }
.opnorm footer p { max-width: 75ch; }
.opnorm .kinds { display: grid; grid-template-columns: repeat(auto-fit, minmax(230px, 1fr)); gap: 10px 24px; margin: 14px 0 0; }
.opnorm .kinds dt { font-weight: 600; color: var(--ink); }
.opnorm .kinds dd { margin: 0; }

@media (max-width: 640px) {
  .opnorm { padding: 24px 16px 48px; }
  .opnorm .tiles { grid-template-columns: 1fr 1fr; gap: 10px; }
  .opnorm .tile { padding: 12px 14px; }
  .opnorm .tile strong { font-size: 20px; }
  .opnorm .chain, .opnorm .chain-head { --columns: minmax(0, 1fr) 76px 84px; }
  .opnorm .chain li, .opnorm .chain-head { gap: 8px 12px; }
  .opnorm .chain .bar { grid-column: 1 / -1; grid-row: 2; height: 8px; }
  .opnorm .chain-head .axis-words { display: none; }
  .opnorm article { padding: 14px 14px 16px; }
  .opnorm .pictures { grid-template-columns: 1fr; }
  .opnorm .torus { max-width: 260px; }
  .opnorm .map figcaption { max-width: 260px; }
  .opnorm .bounds { grid-template-columns: max-content minmax(0, 1fr) max-content; gap: 0 8px; }
  .opnorm .bounds li { row-gap: 4px; }
  .opnorm .bounds li:not(.absent) .bar { grid-column: 1 / -1; grid-row: 2; height: 8px; }
  .opnorm .bounds .bar::after { top: -4px; bottom: -4px; }
  .opnorm .bounds .num { white-space: normal; }
}
@media print {
  .opnorm { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --wash: #eee;
    --accent: #3a45b8; --up: #b4511f; --down: #1d7484; --bad: #a3262c; --badwash: #fbeceb; --good: #256b45; --shade: none; max-width: none; padding: 0; font-size: 11pt; }
  html:has(.opnorm) { background: #fff; }
  .opnorm .cards { grid-template-columns: 1fr 1fr; }
  .opnorm .scroll { overflow: visible; }
  .opnorm table { font-size: 8pt; }
  .opnorm th, .opnorm td { white-space: normal; padding-right: 8px; }
  .opnorm tbody th { overflow-wrap: anywhere; }
  .opnorm th button::after { content: ''; }
  .opnorm .bar, .opnorm .bar i, .opnorm .torus img, .opnorm .scale, .opnorm .meter { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`
