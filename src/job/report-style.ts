/**
 * How the report looks, in light and in dark.
 */
export const style = `
:root { color-scheme: light dark; --ink: #1a1d21; --soft: #5b636e; --line: #d9dde3; --paper: #fff; --card: #f5f6f8; --model: #0b6bcb; --bicubic: #b4680a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #9aa3ae; --line: #343a42; --paper: #14171a; --card: #1d2126; --model: #5aa9f2; --bicubic: #e0a04a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 28px; }
h1 { font-size: 26px; margin: 0; }
h1 span, h3 span, header p, .note, section > p { color: var(--soft); }
h1 span { font-weight: 400; }
header p { margin: 2px 0 0; }
h2 { font-size: 18px; margin: 36px 0 10px; }
h3 { font-size: 15px; margin: 0 0 8px; }
h3 span { font-weight: 400; margin-left: 10px; }
section > p { margin: 0 0 14px; }
dl { display: flex; flex-wrap: wrap; gap: 14px; margin: 22px 0 0; }
dl > div { background: var(--card); border-radius: 10px; padding: 12px 20px; min-width: 150px; }
dt { color: var(--soft); }
dd { margin: 0; font-size: 24px; font-variant-numeric: tabular-nums; }
dd.note { font-size: 13px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; min-width: 60%; }
th, td { padding: 6px 16px 6px 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child { text-align: left; }
thead th { color: var(--soft); font-weight: 500; font-size: 13px; }
tbody th { font-weight: 400; }
tfoot th, tfoot td { font-weight: 600; border-bottom: 0; }
details { margin-bottom: 14px; }
summary { cursor: pointer; font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 20px; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); fill: none; }
.axis { stroke: var(--soft); fill: none; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
path.model { stroke: var(--model); }
path.bicubic { stroke: var(--bicubic); stroke-dasharray: 5 3; }
circle.model { fill: var(--model); }
circle.bicubic { fill: var(--bicubic); }
.legend span { display: inline-block; width: 22px; height: 0; border-top: 2px solid var(--model); vertical-align: middle; margin: 0 6px 0 14px; }
.legend span:first-child { margin-left: 0; }
.legend span.bicubic { border-top: 2px dashed var(--bicubic); }
article { margin-bottom: 26px; }
.pictures { display: grid; grid-template-columns: repeat(4, 1fr); gap: 12px; }
@media (max-width: 700px) { .pictures { grid-template-columns: repeat(2, 1fr); } svg text { font-size: 15px; } }
figure { margin: 0; }
img { width: 100%; display: block; image-rendering: pixelated; border-radius: 4px; background: var(--card); }
figcaption { color: var(--soft); font-size: 13px; margin-top: 3px; }
`;
