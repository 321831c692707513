// Question: how many short sentences in 17 languages does the detector tell, how many a second, and
// how does that compare with other detectors of npm? Prints one JSON line per detector; RESULTS.md
// keeps them. Rivals are measured if they are installed in the folder that --rivals names.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { loadLanguageDetector, type LanguageOf } from '../models/language/detect-language.ts'

const usage =
  'node bench/languages.ts [--rivals FOLDER]\n' +
  'Rivals: npm install --prefix FOLDER tinyld@1.3.4 franc@6.2.0 lande@1.0.10 cld3-asm@4.0.0'
const { values } = parseArgs({
  options: { rivals: { type: 'string' }, help: { type: 'boolean' } },
})
if (values.help === true) {
  console.log(usage)
  process.exit(0)
}

const path = new URL('../tests/fixtures/short-texts.json', import.meta.url)
const texts = JSON.parse(await readFile(path, 'utf8')) as Record<string, string[]>
const pairs = Object.entries(texts).flatMap(([language, own]) =>
  own.map((text): [string, string] => [language, text]),
)
/** The ISO 639-3 codes that some detectors give. */
const shortCodes: ReadonlyMap<string, string> = new Map([
  ...([
    ['eng', 'en'],
    ['deu', 'de'],
    ['fra', 'fr'],
    ['spa', 'es'],
    ['ita', 'it'],
  ] as const),
  ...([
    ['por', 'pt'],
    ['nld', 'nl'],
    ['pol', 'pl'],
    ['swe', 'sv'],
    ['ces', 'cs'],
  ] as const),
  ...([
    ['tur', 'tr'],
    ['rus', 'ru'],
    ['ukr', 'uk'],
    ['arb', 'ar'],
    ['ara', 'ar'],
  ] as const),
  ...([
    ['cmn', 'zh'],
    ['jpn', 'ja'],
    ['kor', 'ko'],
  ] as const),
])

measure('winnow (eld, small)', await loadLanguageDetector())
if (values.rivals !== undefined) {
  for (const [name, load] of rivals(values.rivals)) measure(name, await load())
}

function measure(detector: string, languageOf: LanguageOf): void {
  const right = pairs.filter(([language, text]) => {
    const found = languageOf(text)
    return (shortCodes.get(found) ?? found) === language
  }).length
  const rounds = 20
  const beganMs = performance.now()
  for (let round = 0; round < rounds; round++) for (const [, text] of pairs) languageOf(text)
  const seconds = (performance.now() - beganMs) / 1_000
  const textsPerSecond = Math.round((rounds * pairs.length) / seconds)
  console.log(JSON.stringify({ detector, texts: pairs.length, right, textsPerSecond }))
}

/** The other detectors, loaded from a folder with their packages. */
function rivals(folder: string): readonly (readonly [string, () => Promise<LanguageOf>])[] {
  const require = createRequire(join(resolve(folder), 'package.json'))
  const load = async <T>(name: string): Promise<T> =>
    (await import(pathToFileURL(require.resolve(name)).href)) as T
  type Detect = { detect: LanguageOf }
  type Eld = { eld: { detect: (text: string) => { language: string } } }
  type Cld3 = {
    loadModule: () => Promise<{ create: (from: number, to: number) => Cld3Identifier }>
  }
  type Cld3Identifier = { findLanguage: (text: string) => { language: string } }
  return [
    ['eld, large', async () => eldOf(await import('eld/large'))],
    ['eld, extrasmall', async () => eldOf(await import('eld/extrasmall'))],
    ['tinyld, heavy', async () => (await load<Detect>('tinyld/heavy')).detect],
    ['tinyld', async () => (await load<Detect>('tinyld')).detect],
    [
      'lande',
      async () => {
        const { default: lande } = await load<{ default: (text: string) => [string][] }>('lande')
        return (text) => lande(text)[0]![0]
      },
    ],
    [
      'cld3-asm',
      async () => {
        const { loadModule } = await load<Cld3>('cld3-asm')
        const identifier = (await loadModule()).create(0, 1_000)
        return (text) => identifier.findLanguage(text).language
      },
    ],
    [
      'franc',
      async () => {
        type Franc = { franc: (text: string, options: { minLength: number }) => string }
        const { franc } = await load<Franc>('franc')
        return (text) => franc(text, { minLength: 3 })
      },
    ],
  ]
  function eldOf({ eld }: Eld): LanguageOf {
    return (text) => eld.detect(text).language
  }
}
