// Takes the pictures of docs/dashboard.md, on texts that may stand in a document:
// `node tests/dashboard/pictures.ts` after `npm run build`.
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { startFixture } from './fixture-server.ts'

const texts = [
  'Claim your FREE cruise now! You have been selected as a winner, click here before midnight.',
  'Hi Tom, can we move the meeting to Thursday? The draft is attached, thanks.',
  'Special offer: save money on every order this week, guaranteed. Click to unsubscribe.',
  'The patch fixes the error that we saw in the file reader. Can you review the code?',
  'Dear customer, your invoice is attached. Thanks for your order, the support team.',
  'Earn a second income from home, no credit check. Click here to start your business now!',
  'I think the bug is in the list of open files; Perl said line 42. Thanks for looking.',
  'Our parcel has not arrived yet. The order is two weeks old, what can we do?',
  'Winner! Claim your special credit, the offer ends now. Click to save your money.',
  'Ann wrote: the new draft of the contract is better. Shall we send it on Thursday?',
  'I cannot sign in since the update. The page shows an error with code 403.',
  'Free money guaranteed, remove your debts with one click. Dear friend, selected for you.',
]

const folder = join(import.meta.dirname, '..', '..', 'docs', 'pictures')
const pictures: readonly {
  name: string
  fragment: string
  until: string
  act?: (page: Page) => Promise<void>
}[] = [
  { name: 'live', fragment: '#/live?range=15m', until: '.rows .row' },
  {
    name: 'event',
    fragment: '#/live?range=15m&q=cruise',
    until: '.rows .row',
    act: async (page) => {
      await page.locator('.rows .row').first().click()
      await page.locator('.detail mark.for').first().waitFor()
    },
  },
  { name: 'label', fragment: '#/label', until: '.similar li' },
  { name: 'models', fragment: '#/models', until: '.flips' },
]

const fixture = await startFixture({ texts })
const browser = await launchChromium()
try {
  for (const { name, fragment, until, act } of pictures) {
    const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } })
    const page = await context.newPage()
    await page.goto(`${fixture.url}/${fragment}`)
    await page.waitForSelector(until)
    await act?.(page)
    await page.waitForTimeout(1_000)
    await page.screenshot({ path: join(folder, `dashboard-${name}.png`) })
    await context.close()
  }
} finally {
  await browser.close()
  await fixture.close()
}
