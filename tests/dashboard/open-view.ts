// Opens one place of the dashboard in one view and says what is wrong with it.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'

/** How the dashboard is looked at. */
export type View = {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly colorScheme: 'light' | 'dark'
}

/** The views of each place. */
export const views: readonly View[] = [
  { name: '1280-light', width: 1_280, height: 900, colorScheme: 'light' },
  { name: '1280-dark', width: 1_280, height: 900, colorScheme: 'dark' },
  { name: '390-light', width: 390, height: 844, colorScheme: 'light' },
  { name: '390-dark', width: 390, height: 844, colorScheme: 'dark' },
]

/**
 * The browser itself logs each 401; and the frozen clock of the places is a script of Playwright,
 * which the sandbox of a report refuses as it refuses every other one.
 */
const expectedErrors = ['status of 401', "Blocked script execution in 'about:srcdoc'"]

/** A page under watch, with everything that went wrong on it so far. */
export type Watched = {
  readonly page: Page
  readonly problems: string[]
  readonly close: () => Promise<void>
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')
/** axe calls a problem minor, moderate, serious or critical. */
const failing: ReadonlySet<string | null | undefined> = new Set(['serious', 'critical'])

/** A new page; every request, message and error on it is watched. */
export async function watch(browser: Browser, view: View, url: string): Promise<Watched> {
  const { width, height, colorScheme } = view
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    locale: 'en-GB',
    timezoneId: 'UTC',
    acceptDownloads: true,
  })
  await context.grantPermissions(['clipboard-write'])
  const page = await context.newPage()
  const problems: string[] = []
  page.on('request', (request) => {
    const address = request.url()
    if (!/^(?:data|blob|about):/.test(address) && new URL(address).origin !== new URL(url).origin) {
      problems.push(`it asks another origin: ${address}`)
    }
  })
  page.on('console', (message) => {
    const isExpected = expectedErrors.some((part) => message.text().includes(part))
    if (message.type() === 'error' && !isExpected) {
      problems.push(`the browser says: ${message.text()}`)
    }
  })
  page.on('pageerror', (error) => problems.push(`a script failed: ${error.message}`))
  return { page, problems, close: () => context.close() }
}

/** What axe finds, and whether the page is wider than the window. */
export async function looksWrong(page: Page): Promise<string[]> {
  const [width, content] = await page.evaluate<[number, number]>(
    '[innerWidth, document.documentElement.scrollWidth]',
  )
  await page.evaluate(axeSource)
  const { violations } = await page.evaluate<AxeResults>(
    'axe.run(document, { iframes: false, resultTypes: ["violations"] })',
  )
  const found = violations
    .filter(({ impact }) => failing.has(impact))
    .map(({ id, impact, help, nodes }) => {
      const [first] = nodes
      const where =
        first === undefined ? '' : `: ${first.html.slice(0, 160)} ${first.failureSummary ?? ''}`
      return `${impact}: ${id} (${help}), ${nodes.length} times${where.replace(/\s+/g, ' ')}`
    })
  return content > width ? [...found, `its content is ${content} pixels wide`] : found
}

/** Takes a picture of the window, or of the whole page. */
export async function takePicture(
  page: Page,
  { dir, name, isWhole }: { dir: string | undefined; name: string; isWhole: boolean },
): Promise<void> {
  if (dir === undefined) return
  await page.screenshot({ path: join(dir, `${name}.png`), fullPage: isWhole })
}
