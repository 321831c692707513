// Opens every view of the dashboard in Chromium, wide and narrow, light and dark, and walks through
// what people come for. It is no part of CI, whose machines need no browser.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { chromiumPath, launchChromium, noChromium } from '../support/chromium.ts'
import { startFixture, type Fixture } from './fixture-server.ts'
import { openBaselines, type Baselines } from './baselines.ts'
import { measureLoad } from './load-figures.ts'
import { looksWrong, takePicture, views, watch, type View } from './open-view.ts'
import { walks } from './walks.ts'

const help = `Usage: npm run test:dashboard -- [--screenshots DIR] [--only PLACE] [--walks] [--update]

Serves the built dashboard on made-up events, opens every view in Chromium at 1280 and 390 pixels in light and
dark mode, and fails if axe-core finds something serious, a page is wider than the window, anything is asked of
another origin, the browser reports an error, or the page looks other than its picture in tests/dashboard/baselines. Then it walks through what people come for, and measures size,
first paint and layout shift. Without Chromium it says so and passes.

  --screenshots DIR   write pictures to this folder
  --only PLACE        only this place, such as live or models
  --walks             only the walks
  --update            write the pictures that later runs are compared with

Examples:
  npm run test:dashboard
  npm run test:dashboard -- --screenshots /tmp/dashboard --only live
`

const dist = join(import.meta.dirname, '..', '..', 'dashboard', 'dist')
/** The time of the places, which stands still so that they look the same in each run. */
const frozenMs = Date.UTC(2026, 10, 30, 12)
/** Of all files together, compressed. */
const bytesMax = 250_000

type Place = {
  readonly name: string
  readonly fragment: (fixture: Fixture) => string
  /** What is there once the view is complete. */
  readonly until: string
}

const places: readonly Place[] = [
  { name: 'live', fragment: () => '#/live?range=15m', until: '.rows .row' },
  {
    name: 'event',
    fragment: ({ world }) => {
      const spam = world.results.findLast(
        ({ label, text }) => label === 'spam' && text.length < 900,
      )
      return `#/live/${encodeURIComponent(spam!.id)}?range=15m`
    },
    until: '.detail mark.for',
  },
  { name: 'try', fragment: () => '#/try', until: 'textarea' },
  { name: 'try-file', fragment: () => '#/try?tab=file', until: '.drop' },
  { name: 'label', fragment: () => '#/label', until: '.similar li' },
  { name: 'suspicious', fragment: () => '#/label?tab=suspicious', until: '.suspicious li' },
  { name: 'agreement', fragment: () => '#/label?tab=agreement', until: 'td.number' },
  { name: 'models', fragment: () => '#/models', until: '.flips' },
  { name: 'runs', fragment: () => '#/runs', until: '.list td' },
  { name: 'run', fragment: () => '#/runs/20261129T091240-mail-1f9c20', until: '.chart canvas' },
  { name: 'tune', fragment: () => '#/runs/20261128T091240-mail-1f9c21', until: '.list td' },
  { name: 'dead-letters', fragment: () => '#/dead-letters', until: '.letters .row' },
  {
    name: 'dead-letter',
    fragment: ({ world }) => `#/dead-letters/${encodeURIComponent(world.letters[0]!.id)}`,
    until: '.detail .payload',
  },
]

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      screenshots: { type: 'string' },
      only: { type: 'string' },
      walks: { type: 'boolean' },
      update: { type: 'boolean', default: false },
    },
  })
  if (values.help === true) {
    console.log(help)
    return
  }
  if (chromiumPath === undefined) {
    console.log(`test:dashboard: skipped, because ${noChromium}`)
    return
  }
  if (!existsSync(join(dist, 'index.html'))) {
    console.error('There is no built dashboard; run npm run build:dashboard first.')
    process.exitCode = 1
    return
  }
  const dir = values.screenshots
  if (dir !== undefined) await mkdir(dir, { recursive: true })
  const browser = await launchChromium()
  const baselines = await openBaselines(browser, { isUpdate: values.update })
  const fixture = await startFixture({ frozenMs, everyMs: 0 })
  const problems: string[] = []
  const check = async (name: string, run: () => Promise<string[]>): Promise<void> => {
    const found = await run().catch((error: unknown) => [String(error)])
    problems.push(...found.map((problem) => `${name}: ${problem}`))
    console.log(`${found.length === 0 ? 'ok    ' : 'FAILED'} ${name}`)
  }
  try {
    if (values.walks !== true) {
      for (const place of places) {
        if (values.only !== undefined && place.name !== values.only) continue
        for (const view of views) {
          const name = `${place.name}-${view.name}`
          await check(name, () => openPlace(browser, { fixture, place, view, dir, baselines }))
        }
      }
    }
    if (values.only === undefined) {
      for (const walk of walks) await check(walk.name, () => walk.run(browser, dir))
      await check('the size', sizeProblems)
      await check('the first load', () => measureMoving(browser))
    }
  } finally {
    await browser.close()
    await fixture.close()
  }
  for (const problem of problems) console.log(problem)
  console.log(`${problems.length} problems`)
  if (problems.length > 0) process.exitCode = 1
}

async function openPlace(
  browser: Browser,
  where: {
    fixture: Fixture
    place: Place
    view: View
    dir: string | undefined
    baselines: Baselines
  },
): Promise<string[]> {
  const { fixture, place, view, dir, baselines } = where
  const { page, problems, close } = await watch(browser, view, fixture.url)
  try {
    await page.clock.setFixedTime(frozenMs)
    await page.goto(`${fixture.url}/${place.fragment(fixture)}`)
    await page.waitForSelector(place.until, { timeout: 15_000 })
    await page.waitForTimeout(500)
    const found = await looksWrong(page)
    await takePicture(page, { dir, name: `${place.name}-${view.name}`, isWhole: false })
    await takePicture(page, { dir, name: `whole-${place.name}-${view.name}`, isWhole: true })
    const differing = await baselines.compare(page, `${place.name}-${view.name}`)
    return [...problems, ...found, ...differing]
  } finally {
    await close()
  }
}

/** The first load while events arrive. */
async function measureMoving(browser: Browser): Promise<string[]> {
  const fixture = await startFixture()
  try {
    return await measureLoad(browser, fixture.url)
  } finally {
    await fixture.close()
  }
}

function sizeProblems(): Promise<string[]> {
  const files = ['index.html', ...readdirSync(join(dist, 'assets')).map((file) => `assets/${file}`)]
  const sizes = files.map(
    (file) => [file, gzipSync(readFileSync(join(dist, file))).length] as const,
  )
  const sum = sizes.reduce((total, [, size]) => total + size, 0)
  for (const [file, size] of sizes) console.log(`       ${file}: ${size} bytes, compressed`)
  const large = sum > bytesMax ? [`${sum} bytes, more than ${bytesMax}`] : []
  const html = readFileSync(join(dist, 'index.html'), 'utf8')
  const inline = /<script(?![^>]*\bsrc=)/.test(html) ? ['index.html has an inline script'] : []
  return Promise.resolve([...large, ...inline])
}

await main()
