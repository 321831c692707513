// Opens one page in one view and says what is wrong with it.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'

/** How a page is looked at. */
export type View = {
  readonly name: string
  readonly width: number
  readonly colorScheme: 'light' | 'dark'
  readonly media?: 'print'
}

/** The views of each page. */
export const pageViews: readonly View[] = [
  { name: '1280 light', width: 1_280, colorScheme: 'light' },
  { name: '1280 dark', width: 1_280, colorScheme: 'dark' },
  { name: '390 light', width: 390, colorScheme: 'light' },
  { name: '390 dark', width: 390, colorScheme: 'dark' },
  { name: 'print', width: 794, colorScheme: 'light', media: 'print' },
]

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')

const height = 1_600
const picturesMax = 10
/** axe calls a problem minor, moderate, serious or critical. */
const failing: ReadonlySet<string | null | undefined> = new Set(['serious', 'critical'])

/** The problems of a page, each as a line; it is looked at with everything on it open. */
export async function checkPage(
  browser: Browser,
  page: { name: string; path: string; view: View; screenshots: string | undefined },
): Promise<string[]> {
  const { name, path, view, screenshots } = page
  const { width, colorScheme, media } = view
  const context = await browser.newContext({ viewport: { width, height }, colorScheme })
  try {
    const opened = await context.newPage()
    const problems: string[] = []
    const tell = (problem: string): void => {
      problems.push(`${name}, ${view.name}: ${problem}`)
    }
    const url = pathToFileURL(path).href
    opened.on('request', (request) => {
      if (request.url() !== url) tell(`it loads ${request.url()}`)
    })
    opened.on('console', (message) => {
      if (message.type() === 'error') tell(`the browser says: ${message.text()}`)
    })
    opened.on('pageerror', (error) => tell(`it runs a script: ${error.message}`))
    await opened.goto(url)
    if (media !== undefined) await opened.emulateMedia({ media, colorScheme })
    await opened.evaluate(
      'for (const part of document.querySelectorAll("details")) part.open = true',
    )
    const contentWidth = await opened.evaluate('document.documentElement.scrollWidth')
    if (contentWidth !== width) tell(`its content is ${String(contentWidth)} pixels wide`)
    if (media === undefined) for (const problem of await axeProblems(opened)) tell(problem)
    if (screenshots !== undefined) await takePictures(opened, { name, view, dir: screenshots })
    return problems
  } finally {
    await context.close()
  }
}

async function axeProblems(page: Page): Promise<string[]> {
  await page.evaluate(axeSource)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations
    .filter(({ impact }) => failing.has(impact))
    .map(({ id, impact, help, nodes }) => {
      const [first] = nodes
      const where =
        first === undefined ? '' : `: ${first.html.slice(0, 200)} ${first.failureSummary ?? ''}`
      return `${impact}: ${id} (${help}), ${nodes.length} times${where.replace(/\s+/g, ' ')}`
    })
}

/** Pictures of one window height each, from the top. */
async function takePictures(
  page: Page,
  { name, view, dir }: { name: string; view: View; dir: string },
): Promise<void> {
  const length = await page.evaluate<number>('document.documentElement.scrollHeight')
  for (let at = 0; at * height < length && at < picturesMax; at++) {
    await page.evaluate(`scrollTo(0, ${at * height})`)
    const file = `${name}-${view.name.replace(' ', '-')}-${at}.png`
    await page.screenshot({ path: join(dir, file) })
  }
}
