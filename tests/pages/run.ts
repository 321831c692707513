// Opens every kind of report in Chromium, wide and narrow, in light and dark mode and as on paper,
// and checks each by axe-core. It is no part of CI, whose machines need no browser.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromiumPath, launchChromium, noChromium } from '../support/chromium.ts'
import { checkPage, pageViews } from './check-page.ts'
import { makeReports } from './make-reports.ts'

const help = `Usage: npm run test:pages -- [--screenshots DIR] [--only NAME]

Makes a report of each kind (train, cv, tune, two runs, 64 labels, label sets), opens it in Chromium at 1280
and 390 pixels in light and dark mode, and fails if axe-core finds something serious, if the page is wider
than the window, or if it loads anything. Without Chromium it says so and passes.

  --screenshots DIR   write pictures of each page to this folder
  --only NAME         only the report of this name, such as tune

Examples:
  npm run test:pages
  npm run test:pages -- --screenshots /tmp/pages --only train
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      screenshots: { type: 'string' },
      only: { type: 'string' },
    },
  })
  if (values.help === true) {
    console.log(help)
    return
  }
  if (chromiumPath === undefined) {
    console.log(`test:pages: skipped, because ${noChromium}`)
    return
  }
  const dir = await mkdtemp(join(tmpdir(), 'winnow-pages-'))
  const browser = await launchChromium()
  try {
    if (values.screenshots !== undefined) await mkdir(values.screenshots, { recursive: true })
    const made = await makeReports(dir)
    const reports = made.filter(({ name }) => values.only === undefined || name === values.only)
    if (reports.length === 0) {
      throw new Error(
        `there is no report ${values.only}: ${made.map(({ name }) => name).join(', ')}`,
      )
    }
    const problems: string[] = []
    for (const report of reports) {
      for (const view of pageViews) {
        const found = await checkPage(browser, { ...report, view, screenshots: values.screenshots })
        problems.push(...found)
        console.log(`${found.length === 0 ? 'ok    ' : 'FAILED'} ${report.name}, ${view.name}`)
      }
    }
    for (const problem of problems) console.log(problem)
    console.log(`${reports.length} reports, ${problems.length} problems`)
    if (problems.length > 0) process.exitCode = 1
  } finally {
    await browser.close()
    await rm(dir, { recursive: true, force: true })
  }
}

await main()
