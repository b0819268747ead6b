// The page with the switch: one button for each mode. A plain form, so that it works without a script.
import { type Mode, modes } from './mode.ts'

export function switchPage(current: Mode): string {
  const buttons = Object.entries(modes).map(
    ([mode, meaning]) =>
      `<li><button name="mode" value="${mode}"${mode === current ? ' aria-current="true"' : ''}>${mode}</button> ${meaning}${mode === current ? ' <strong>(now)</strong>' : ''}</li>`,
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sample service: ${current}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
ul { list-style: none; padding: 0 } li { margin: .5rem 0 }
button { font: inherit; min-width: 6rem; padding: .4rem } button[aria-current] { font-weight: bold; outline: 2px solid }
</style>
<h1>A service to break</h1>
<p>It serves <a href="/health">/health</a>, <a href="/orders">/orders</a>, <a href="/metrics">/metrics</a> and an <a href="/inbox">/inbox</a>, and now it <em>${modes[current]}</em>.</p>
<form method="post" action="/switch"><ul>
${buttons.join('\n')}
</ul></form>
</html>
`
}
