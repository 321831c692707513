// The style sheet of a report, for wide and narrow pages, light and dark mode, screen and paper.
// report-html.ts and report-markup.ts write the page. Words of explained texts have a solid line
// under them where they speak for the label, and a dashed one where they speak against it, so that
// colour is not needed.

/** The style sheet of the page. */
export const reportStyle = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif;
  --ink: light-dark(#1c2430, #e6e9ee); --muted: light-dark(#66707f, #97a1b0);
  --line: light-dark(#d9dee6, #333b47); --page: light-dark(#fff, #14181e);
  --panel: light-dark(#f5f7fa, #1c222b); --accent: light-dark(#2563eb, #6ba1ff);
  --second: light-dark(#c2570c, #f0a35e); --right: light-dark(#7fb0fb, #2a58ab); --wrong: light-dark(#f2795f, #b2432d) }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink) }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .75rem; overflow-wrap: anywhere }
h2 { font-size: 1.15rem; margin: 0 0 .25rem }
h3 { font-size: .95rem; font-weight: 600; margin: 1.1rem 0 .5rem; overflow-wrap: anywhere }
p { margin: 0 0 .75rem; color: var(--muted); max-width: 46rem }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1.25rem; margin: 0 0 1.5rem; font-size: .9rem }
dt { color: var(--muted) } dd { margin: 0; overflow-wrap: anywhere }
section { border-top: 1px solid var(--line); padding: 1.5rem 0; scroll-margin-top: .5rem }
a { color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
nav ul { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; margin: 0 0 1.25rem; padding: 0; list-style: none; font-size: .9rem }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 0 0 1.5rem; padding: 0; list-style: none }
.tiles li { background: var(--panel); border-radius: .5rem; padding: .7rem .9rem }
.tiles strong { display: block; font-size: 1.45rem; line-height: 1.3; font-variant-numeric: tabular-nums }
.tiles span { color: var(--muted); font-size: .82rem; display: block; font-variant-numeric: tabular-nums }
.plots, .beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1.5rem 2rem; align-items: start }
.plots.small { grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)) }
figure { margin: 0; min-width: 0 } figcaption { font-size: .9rem; margin-bottom: .4rem }
figure.wide { grid-column: 1 / -1 } figure.wide svg { max-width: none }
.plots svg { max-width: 100%; height: auto }
.pairs { padding-left: 1.6rem; margin: 0; max-width: 52rem } .pairs > li { margin: 0 0 .8rem } .pairs p { margin: 0; color: var(--ink); overflow-wrap: anywhere }
.pairs ul { list-style: none; margin: .15rem 0 0; padding: 0; font-size: .9rem } .pairs q { overflow-wrap: anywhere } .pairs span { color: var(--muted); white-space: nowrap; font-size: .82rem }
section > ul:not(.bars):not(.tiles) { padding-left: 1.2rem; margin: 0 0 1rem; max-width: 46rem; font-size: .9rem }
.verdict { background: var(--panel); border-left: 4px solid var(--accent); border-radius: .35rem; padding: .8rem 1rem; margin: 0 0 1.25rem; color: var(--ink); max-width: none; overflow-wrap: anywhere }
.wide { overflow-x: auto; max-width: 100% } .wide + .wide, .plots + .wide { margin-top: 1.25rem }
.bars.many { columns: 2 28rem; column-gap: 2rem; max-width: none } .bars.many li { break-inside: avoid }
.bars { list-style: none; margin: 0 0 1rem; padding: 0; max-width: 52rem; font-size: .87rem }
.bars li { display: grid; grid-template-columns: minmax(0, 13rem) minmax(4rem, 1fr) 9.5rem; gap: 0 .75rem; align-items: center; padding: .1rem 0 }
.bars .name { text-align: right; overflow-wrap: anywhere; line-height: 1.25 }
.bars .figure { color: var(--muted); font-variant-numeric: tabular-nums; font-size: .8rem }
.bars .bar { position: relative; height: .8rem; background: var(--panel); border-radius: 2px }
.bars b { position: absolute; inset: 0 auto 0 0; background: var(--accent); border-radius: 2px }
.bars s { position: absolute; top: calc(50% - 1px); height: 2px; background: var(--ink) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem }
th, td { padding: .25rem .75rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-weight: 500 } th:first-child { text-align: left; padding-left: 0 }
thead th { color: var(--muted); font-weight: 400 }
.figures tbody th { position: sticky; left: 0; background: var(--page); min-width: 7.5rem; max-width: 15rem; overflow-wrap: anywhere }
.figures td { white-space: nowrap }
.trials th, .trials td { white-space: nowrap } .trials th:last-child, .trials td:last-child { text-align: left; white-space: normal; min-width: 18rem; overflow-wrap: anywhere }
.names { width: 100%; max-width: 48rem } .names th, .names td { text-align: left; overflow-wrap: anywhere }
.names th:last-child, .names td:last-child { text-align: right; overflow-wrap: normal; width: 4rem }
.matrix { border-collapse: separate; border-spacing: 1px; table-layout: fixed; width: max-content; --cell: 2.9rem; --name: 13rem }
.matrix.middle { --cell: 1.4rem } .matrix.small { --cell: .84rem; --name: 9rem; font-size: .68rem; line-height: .84rem }
.matrix.middle td, .matrix.small td { font-size: 0 }
.matrix caption { caption-side: bottom; text-align: left; color: var(--muted); font-size: .8rem; line-height: 1.5; padding-top: .3rem }
.matrix td, .matrix th { padding: 0; border: 0; width: var(--cell); height: var(--cell); text-align: center; vertical-align: middle }
.matrix tbody td { background: var(--panel); border-radius: 2px }
.matrix td.right { background: color-mix(in srgb, var(--right) calc(var(--shade) * 100%), transparent) }
.matrix td.wrong { background: color-mix(in srgb, var(--wrong) calc(var(--shade) * 100%), transparent) }
.matrix tbody th, .matrix thead td { width: var(--name); position: sticky; left: 0; background: var(--page); text-align: right }
.matrix tbody th span { display: block; overflow-wrap: anywhere; padding-right: .4rem; line-height: 1.2 }
.matrix.middle tbody th span, .matrix.small tbody th span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; line-height: inherit }
.matrix thead th { vertical-align: bottom; height: auto; color: var(--ink) }
.matrix thead th span { writing-mode: vertical-rl; transform: rotate(180deg); display: block; margin: 0 auto; max-width: var(--cell); max-height: 11rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-align: left }
.texts { width: 100% } .texts td, .texts th { text-align: left; overflow-wrap: anywhere; min-width: 5rem } .texts th:first-child { max-width: 40rem; overflow-wrap: anywhere; font-weight: 400 }
summary { cursor: pointer; color: var(--accent); margin: .75rem 0 }
.explained { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 1.05rem; line-height: 2; color: var(--ink); max-width: 46rem; margin: 0 0 .75rem; unicode-bidi: plaintext }
.explained mark, .pairs mark, .legend mark { color: var(--ink); background: color-mix(in srgb, var(--mark) calc(var(--share) * 70%), transparent); border-bottom: calc(1px + 2px * var(--share)) var(--line-style) var(--mark); border-radius: .15rem .15rem 0 0; padding: .1rem 0 }
mark.for { --mark: var(--right); --line-style: solid } mark.against { --mark: var(--wrong); --line-style: dashed }
.legend { font-size: .87rem } .legend mark { padding: .1rem .4rem }
.pairs q:has(mark) { color: var(--ink); line-height: 1.9; unicode-bidi: plaintext }
@media (max-width: 640px) {
  main { padding: 1.25rem .9rem 3rem }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0 } dd { margin: 0 0 .4rem }
  .bars li { grid-template-columns: minmax(0, 1fr) max-content; gap: 0 .5rem; padding: .3rem 0 }
  .bars .name { text-align: left } .bars .bar { grid-row: 2; grid-column: 1 / -1 }
  .figures tbody th { max-width: 7.5rem } .figures th, .figures td { padding: .25rem .45rem }
  .texts th:first-child { max-width: none } .texts th, .texts td { padding: .25rem .4rem; overflow-wrap: anywhere }
  .matrix { --cell: 2.2rem; --name: 7rem } .matrix.small { --name: 6rem }
}
@media print {
  :root { color-scheme: light; font-size: 12px } main { max-width: none; padding: 0 } nav { display: none }
  figure, .tiles li, .bars li, .pairs > li, tr { break-inside: avoid } h2, h3 { break-after: avoid }
  details::details-content { content-visibility: visible; block-size: auto } .wide { overflow: visible } figure.wide svg { max-width: 100% }
  .bar, .bar b, .bar s, .matrix td { print-color-adjust: exact; -webkit-print-color-adjust: exact }
  .matrix.small { --cell: .62rem; font-size: .5rem; line-height: .62rem }
}
`
