// Threads take turns: none begins before the other has ended, and a thread that died frees its
// turn.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { inTurn, leaveTurn } from './device-turn.ts'

/** Adds to a counter in 50 turns, in steps that another thread would spoil. */
const script = `
const { workerData, parentPort } = require('node:worker_threads')
import(workerData.module).then(async ({ inTurn }) => {
  const counter = new Int32Array(workerData.counter)
  for (let i = 0; i < 50; i++) {
    await inTurn(workerData.turn, async () => {
      const before = counter[0]
      await new Promise((resolve) => setImmediate(resolve))
      counter[0] = before + 1
    })
  }
})`

const moduleUrl = new URL('./device-turn.ts', import.meta.url).href

test('only one thread works at a time', async () => {
  const [turn, counter] = [new SharedArrayBuffer(4), new SharedArrayBuffer(4)]
  const workerData = { module: moduleUrl, turn, counter }
  const threads = [1, 2, 3].map(() => new Worker(script, { eval: true, workerData }))
  await Promise.all(threads.map((thread) => once(thread, 'exit')))
  expect(new Int32Array(counter)[0]).toBe(150)
  expect(new Int32Array(turn)[0]).toBe(0)
})

test('work that fails gives the turn back', async () => {
  const turn = new SharedArrayBuffer(4)
  await expect(inTurn(turn, () => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
  await expect(inTurn(turn, () => Promise.resolve(1))).resolves.toBe(1)
})

test('only the turn of the thread that ended is freed', () => {
  const turn = new SharedArrayBuffer(4)
  const holder = new Int32Array(turn)
  holder[0] = 8
  leaveTurn(6, turn)
  expect(holder[0]).toBe(8)
  leaveTurn(7, turn)
  expect(holder[0]).toBe(0)
})
