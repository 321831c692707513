// Asks a service of the stack whether it is ready to work, in the service's own protocol.
import kafkajs from 'kafkajs'

import { mendRequestQueue } from '../kafkajs-request-queue.ts'
import { answers } from './ports.ts'
import type { ServiceName } from './stack-state.ts'

const { Kafka, logLevel } = kafkajs

/** An answer that takes longer than this counts as none. */
const answerMsMax = 3_000

/** True where the service on this loopback port answers a real request. */
export async function isReady(name: ServiceName, port: number): Promise<boolean> {
  switch (name) {
    case 'kafka':
      // A refused connection is the usual answer while starting: ask that first, it is cheap.
      return (await answers(port)) && (await kafkaAnswers(port))
    case 'registry':
      return httpAnswers(`http://127.0.0.1:${port}/apis/ccompat/v7/subjects`, () => true)
    case 'analytics':
      return httpAnswers(`http://127.0.0.1:${port}/ping`, (text) => text === 'Ok.\n')
  }
}

async function kafkaAnswers(port: number): Promise<boolean> {
  mendRequestQueue()
  const kafka = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    clientId: 'winnow-probe',
    connectionTimeout: answerMsMax,
    requestTimeout: answerMsMax,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  })
  const admin = kafka.admin()
  try {
    await admin.connect()
    // Without a controller the broker answers, but cannot create topics or groups yet.
    const { brokers, controller } = await admin.describeCluster()
    if (brokers.length === 0 || controller === null) return false
    // The first question to the group coordinator creates the offsets topic, which takes a second;
    // until then a consumer could not join a group.
    await admin.fetchOffsets({ groupId: 'winnow-probe', topics: [] })
    return true
  } catch {
    return false
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}

async function httpAnswers(url: string, isRight: (text: string) => boolean): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerMsMax) })
    const text = await response.text()
    return response.ok && isRight(text)
  } catch {
    return false
  }
}
