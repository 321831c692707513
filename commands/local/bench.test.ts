// The list of `winnow bench` compared with the programs in bench/, and the message for an unknown
// one.
import { readdirSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { benchmarkPath, benchmarks } from './bench.ts'
import { winnow } from '../../tests/support/cli.ts'

it('lists every benchmark, which are the programs with options of their own', () => {
  const programs = readdirSync('bench')
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => readFileSync(`bench/${file}`, 'utf8').includes('parseArgs('))
    .map((file) => file.slice(0, -'.ts'.length))
  expect(Object.keys(benchmarks).toSorted()).toEqual(programs.toSorted())
  for (const name of Object.keys(benchmarks)) expect(benchmarkPath(name)).toMatch(/bench\/.*\.ts$/)
})

it('lists the benchmarks, and says that an installed package has none', () => {
  const refused = (message: RegExp): unknown =>
    expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) as string })
  expect(() => benchmarkPath('speed')).toThrow(
    refused(/no benchmark speed\. Choose one of latency,/),
  )
  const elsewhere = pathToFileURL('/no/such/package/')
  expect(() => benchmarkPath('infer', elsewhere)).toThrow(refused(/clone the repository/))
})

it('runs a benchmark with its own options, and fails if it fails', async () => {
  const help = await winnow(['bench', 'train', '--', '--help'])
  expect(help).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('node bench/train.ts') as string,
  })
  const { status, stdout } = await winnow(['bench', 'train', '--json', '--', '--no-such-option'])
  expect(status).toBe(1)
  expect(JSON.parse(stdout)).toEqual({
    error: { code: 'benchmark_failed', message: 'The benchmark train ended with status 1.' },
  })
})
