// What people come for, walked through as they would, by reading the page, and with the
// keyboard. Each walk has a gateway of its own, because it changes something there.
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { startFixture, type Fixture, type FixtureOptions } from './fixture-server.ts'
import { looksWrong, takePicture, views, watch } from './open-view.ts'

/** A walk; it gives what went wrong. */
export type Walk = {
  readonly name: string
  readonly run: (browser: Browser, dir: string | undefined) => Promise<string[]>
}

type Step = (page: Page, fixture: Fixture) => Promise<string[]>

function walk(name: string, step: Step, options: FixtureOptions = {}): Walk {
  return {
    name,
    async run(browser, dir) {
      const fixture = await startFixture(options)
      const { page, problems, close } = await watch(browser, views[0]!, fixture.url)
      page.setDefaultTimeout(10_000)
      try {
        await page.goto(`${fixture.url}/`)
        const found = await step(page, fixture)
        const picture = `walk-${name.replaceAll(/[^a-z]+/gi, '-')}`
        await takePicture(page, { dir, name: picture, isWhole: false })
        return [...problems, ...found]
      } finally {
        await close()
        await fixture.close()
      }
    },
  }
}

const none: string[] = []
const unless = (isRight: boolean, problem: string): string[] => (isRight ? none : [problem])

const spamOfFiveMinutes: Step = async (page, { world }) => {
  const tile = page.getByRole('button', { name: /^spam .* in the last 5 minutes/ })
  const shown = Number((await tile.locator('.tile-figure').innerText()).replaceAll(',', ''))
  const since = Date.now() - 300_000
  const real = world.results.filter(
    ({ label, classifiedAt }) => label === 'spam' && Date.parse(classifiedAt) >= since,
  ).length
  return unless(Math.abs(shown - real) <= 12, `it shows ${shown} spam mails of ${real}`)
}

const whySpam: Step = async (page, { world }) => {
  const mail = world.results.findLast(({ label, text }) => label === 'spam' && /click/i.test(text))!
  await page.getByPlaceholder('Search the texts').fill('click')
  await page
    .getByRole('link', { name: /spam.*click/is })
    .first()
    .click()
  await page.getByRole('heading', { name: /^Why spam/ }).waitFor()
  await page.locator('.detail mark.for').first().waitFor()
  const words = await page.locator('.detail mark.for').allInnerTexts()
  return [
    ...unless(
      words.some((word) => /click/i.test(word)),
      `no reason among ${words.join(', ')}`,
    ),
    ...unless(mail.label === 'spam', 'the fixture holds no spam'),
  ]
}

const correctLabel: Step = async (page, { changes }) => {
  await page.locator('.rows .row', { hasText: 'spam' }).first().click()
  await page.getByRole('heading', { name: 'Wrong? Correct this label' }).waitFor()
  await page.locator('.correct').getByRole('button', { name: 'ham' }).click()
  await page.getByText('You labelled it').waitFor()
  const sent = changes.findLast(({ path }) => path === '/v1/labels')?.body as { label: string }[]
  return unless(sent[0]?.label === 'ham', `it sent ${JSON.stringify(sent)}`)
}

const yesterdaysModel: Step = async (page, { world, changes }) => {
  await page.getByRole('link', { name: 'Models', exact: true }).click()
  await page.getByRole('button', { name: /^Go back to mail@2/ }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(/^Reason/).fill('calls invoices spam')
  await dialog.getByRole('button', { name: 'Go back to mail@2' }).click()
  await page.locator('.champion-name', { hasText: 'mail@2' }).waitFor()
  const { body } = changes.findLast(({ path }) => path === '/v1/models/mail/rollback')!
  return [
    ...unless(world.champion === '2', `mail@${world.champion} serves`),
    ...unless(JSON.stringify(body).includes('calls invoices spam'), 'the reason is missing'),
  ]
}

const labelByKeyboard: Step = async (page, { changes }) => {
  await page.keyboard.press('Tab')
  await page.goto(`${page.url().split('#')[0]!}#/label`)
  await page.locator('.queue-text').waitFor()
  const labels = () =>
    changes
      .filter(({ path }) => path === '/v1/labels')
      .map(({ body }) => body as { label: string | null }[])
  const text = () => page.locator('.queue-text').innerText()
  const first = await text()
  await page.keyboard.press('2')
  await page.locator('.label-count', { hasText: '1 labelled' }).waitFor()
  const second = await text()
  await page.keyboard.press('s')
  await page.waitForTimeout(200)
  const third = await text()
  await page.keyboard.press('u')
  await page.locator('.label-count', { hasText: '0 labelled' }).waitFor()
  const back = await text()
  await page.keyboard.press('n')
  await page.keyboard.press('/')
  await page.keyboard.type('ha')
  await page.keyboard.press('Enter')
  await page.locator('.label-count', { hasText: '1 labelled' }).waitFor()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  await page.keyboard.press('Escape')
  await page.waitForTimeout(100)
  const given = labels().map(([one]) => one?.label)
  return [
    ...unless(first !== second && second !== third, 'a label or a skip does not go on'),
    ...unless(back === first, 'undo does not bring the event back'),
    ...unless(JSON.stringify(given) === '["spam",null,"ham"]', `it sent ${JSON.stringify(given)}`),
  ]
}

const twoVersions: Step = async (page) => {
  await page.goto(`${page.url().split('#')[0]!}#/try`)
  await page.getByLabel('Text', { exact: true }).fill('Claim your free cruise now, click here')
  await page.getByLabel('Compare with').selectOption('mail@1')
  await page.getByRole('button', { name: 'Classify' }).click()
  await page.locator('.big-label').nth(1).waitFor()
  await page.locator('.tokens span').first().waitFor()
  await page.locator('.explained mark').first().waitFor()
  return looksWrong(page)
}

const fileThroughTheStream: Step = async (page, { changes }) => {
  await page.goto(`${page.url().split('#')[0]!}#/try?tab=file`)
  const lines = Array.from({ length: 600 }, (_, at) => `"Mail ${at}, click for a free offer",${at}`)
  const path = join(tmpdir(), `winnow-dashboard-${process.pid}.csv`)
  await writeFile(path, ['text,number', ...lines].join('\n'))
  await page.locator('input[type=file]').setInputFiles(path)
  await page.getByRole('button', { name: 'Send 600 events' }).click()
  await page.getByText('complete').waitFor()
  const wait = page.waitForEvent('download')
  await page.getByRole('button', { name: 'CSV', exact: true }).click()
  const stream = await (await wait).createReadStream()
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  const sent = changes.filter(({ path: to }) => to === '/v1/events')
  return [
    ...unless(sent.length === 3, `it sent ${sent.length} requests`),
    ...unless(text.split('\r\n').length === 602, `the file has ${text.split('\r\n').length} lines`),
    ...(await looksWrong(page)),
  ]
}

const replayDeadLetters: Step = async (page, { world }) => {
  await page.getByRole('link', { name: 'Dead letters', exact: true }).click()
  await page
    .getByRole('button', { name: /^Replay all/ })
    .first()
    .click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Replay/ })
    .click()
  await page.getByText('sent again').waitFor()
  await page.locator('.letters .row').first().click()
  await page.getByRole('button', { name: 'Edit a copy' }).click()
  await page.getByLabel(/^A new event/).fill('{"id":"fixed-1","text":"Claim your free cruise"}')
  await page.getByRole('button', { name: 'Send the event' }).click()
  await page.getByRole('link', { name: 'Look at its result' }).click()
  await page.getByRole('heading', { name: /^Why spam/ }).waitFor()
  const open = world.letters.filter(({ code, open: isOpen }) => code === 'text_empty' && isOpen)
  const isThere = world.results.some(({ id }) => id === 'fixed-1')
  return [
    ...unless(isThere, 'the edited event did not arrive'),
    ...unless(open.length === 0 || world.letters.some((one) => !one.open), 'nothing was replayed'),
  ]
}

const keyWithOneScope: Step = async (page) => {
  await page.getByRole('button', { name: 'Enter an API key' }).first().click()
  await page.getByRole('dialog').getByLabel('API key').fill('secret')
  await page.getByRole('button', { name: 'Use this key' }).click()
  await page.locator('.rows .row').first().waitFor()
  await page.getByRole('link', { name: 'Models', exact: true }).click()
  const back = page.getByRole('button', { name: /^Go back to mail@2/ })
  await back.waitFor()
  const stored = await page.evaluate<string | null>('localStorage.getItem("winnow.key")')
  return [
    ...unless(await back.isDisabled(), 'a key that may only read may go back'),
    ...unless(
      /no scope "admin"/.test((await back.getAttribute('title')) ?? ''),
      'no reason is given',
    ),
    ...unless(stored === null, 'the key is kept beyond the tab'),
  ]
}

const stopsForReaders: Step = async (page, { world }) => {
  const rows = page.locator('.rows .row')
  await rows.first().waitFor()
  await rows.nth(3).hover()
  const before = await rows.first().getAttribute('href')
  const text = 'A mail for the live tail, click here'
  world.arrive({ id: 'tail-1', text })
  await page.getByRole('button', { name: /new – show/ }).waitFor()
  const after = await rows.first().getAttribute('href')
  await page.mouse.move(300, 40)
  await page.locator('.rows .row', { hasText: text }).waitFor()
  return unless(before === after, 'the list moves under the pointer')
}

/** All of them; the first four are the questions that anybody must find an answer to. */
export const walks: readonly Walk[] = [
  walk('how many spam mails came in the last five minutes', spamOfFiveMinutes),
  walk('why a mail was called spam', whySpam),
  walk('correct a label', correctLabel),
  walk('go back to the model of yesterday', yesterdaysModel),
  walk('label by keyboard', labelByKeyboard),
  walk('two versions side by side', twoVersions),
  walk('a file through the stream', fileThroughTheStream),
  walk('replay dead letters and edit one', replayDeadLetters),
  walk('a key with one scope', keyWithOneScope, { readKey: 'secret' }),
  walk('the list stands still for readers', stopsForReaders),
]
