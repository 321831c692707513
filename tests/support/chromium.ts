// Chromium for the tests that open pages: where it is, and how it starts.
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

/** Where distributions put it. */
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The installed browser; undefined if there is none. */
export const chromiumPath = places.find((path) => existsSync(path))

/** Why a test of pages is skipped where there is no Chromium. */
export const noChromium =
  `there is no Chromium here (looked for ${places.join(', ')}). ` +
  'Install it, for example with: apt-get install chromium'

/** Starts the browser; the caller closes it. */
export function launchChromium(): Promise<Browser> {
  // As root, Chromium starts only without its sandbox; the tests open no page but Winnow's own.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath: chromiumPath, args })
}
