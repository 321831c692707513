// Measures the first load of the dashboard: when something is painted, and how far things move.
import type { Browser } from 'playwright-core'

const firstPaintMsMax = 1_000
/** Half of what still counts as good (web.dev/articles/cls); arriving results count too. */
const layoutShiftMax = 0.05

/** Says what is too slow or moves too far; prints both figures. */
export async function measureLoad(browser: Browser, url: string): Promise<string[]> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 } })
  try {
    const page = await context.newPage()
    await page.addInitScript(`
      window.layoutShift = 0
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShift += entry.value
      }).observe({ type: 'layout-shift', buffered: true })
    `)
    await page.goto(`${url}/`)
    await page.waitForSelector('.rows .row')
    await page.waitForTimeout(1_500)
    const [paintMs, shift] = await page.evaluate<[number, number]>(
      '[performance.getEntriesByName("first-contentful-paint")[0].startTime, window.layoutShift]',
    )
    console.log(`       first paint ${Math.round(paintMs)} ms, layout shift ${shift.toFixed(3)}`)
    return [
      ...(paintMs > firstPaintMsMax ? [`first paint after ${paintMs} ms`] : []),
      ...(shift > layoutShiftMax ? [`layout shift of ${shift}`] : []),
    ]
  } finally {
    await context.close()
  }
}
