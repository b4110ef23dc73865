"""What the page of a report looks like, and how it answers: CSS and JavaScript, without a placeholder in them."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; --bad: #b3261e; --focus: #1a5fb4 }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --focus: #8ab4f8 } }
html { scroll-padding-top: 6rem }
body { margin: 0 auto; max-width: 80rem; padding: 1rem }
h1, h2, h3, p { margin: .25rem 0 }
h1 { font-size: 1.6rem; overflow-wrap: anywhere } h2 { font-size: 1.2rem } h3 { font-size: 1rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0; padding: .75rem; border-radius: .375rem }
pre { background: color-mix(in srgb, CanvasText 7%, Canvas) }
summary { cursor: pointer; width: max-content }
summary h2 { display: inline }
#states { position: sticky; top: 0; z-index: 2; background: Canvas; padding: .5rem 0; margin: .5rem 0 }
fieldset { border: 1px solid color-mix(in srgb, CanvasText 45%, Canvas); border-radius: .375rem }
fieldset { margin: 0; padding: .25rem .75rem .5rem; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem }
#shown { margin: 0 0 0 auto }
ul { list-style: none; margin: .5rem 0; padding: 0; display: grid; gap: 1rem; align-items: start }
ul { grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)) }
li { border: 1px solid color-mix(in srgb, CanvasText 30%, Canvas); border-radius: .5rem; padding: .75rem }
li { overflow-wrap: anywhere; content-visibility: auto; contain-intrinsic-size: auto 20rem }
li[data-state=failed] { border: 3px solid var(--bad); grid-column: 1 / -1 }
li[data-state=failed] strong { color: var(--bad); font-weight: 600 }
li[hidden] { display: none }
.pair { position: relative; width: max-content; max-width: 100%; margin-top: .5rem; line-height: 0 }
.pair img { max-width: 100%; height: auto }
.pair img + img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain }
.pair img + img { clip-path: inset(0 0 0 var(--share, 50%)) }
.pair::before, .pair::after { position: absolute; left: var(--share, 50%); z-index: 1; pointer-events: none }
.pair::before { content: ""; top: 0; bottom: 0; margin-left: -2px; width: 2px }
.pair::before { border: solid #0009; border-width: 0 1px; background: #fff }
.pair::after { content: "\\2194" / ""; top: 50%; width: 1.75rem; height: 1.75rem; border-radius: 50% }
.pair::after { transform: translate(-50%, -50%); background: #fff; color: #000; box-shadow: 0 0 0 1px #0009 }
.pair::after { font-size: 1rem; line-height: 1.75rem; text-align: center }
.pair input { position: absolute; inset: 0 -8px; width: calc(100% + 16px); height: 100%; margin: 0; opacity: 0 }
.pair input { cursor: ew-resize; touch-action: pan-y }
.pair:focus-within, :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px }
@media print { #states { display: none } li { break-inside: avoid; content-visibility: visible } }
"""
SCRIPT = """
for (const slider of document.querySelectorAll('input[type=range]')) {
  const pair = document.getElementById(slider.getAttribute('aria-controls'));
  slider.addEventListener('input', () => pair.style.setProperty('--share', slider.value + '%'));
}
const told = document.getElementById('shown');
document.getElementById('states').addEventListener('change', (event) => {
  let count = 0;
  for (const item of document.querySelectorAll('#results > li')) {
    item.hidden = event.target.value !== 'all' && item.dataset.state !== event.target.value;
    count += item.hidden ? 0 : 1;
  }
  told.textContent = told.dataset.text.replace('{count}', count);
});
"""
