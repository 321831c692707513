// Checks whether a service of the stack is ready to work, in the service's own protocol.
import kafkajs from 'kafkajs'

import { patchRequestQueue } from '../../kafka/kafkajs-request-queue.ts'
import { answers } from './free-ports.ts'
import { connectionsOf } from './stack-state.ts'
import type { ServiceName, StackState } from './stack-state.ts'

const { Kafka, logLevel } = kafkajs

/** A response that takes longer counts as none. */
const answerMsMax = 3_000

/** Whether the service of this stack answers a real request, made with the stack's secrets. */
export async function isReady(name: ServiceName, state: StackState): Promise<boolean> {
  const port = state.ports[name]
  const { registryUrl, registryToken, ...analytics } = connectionsOf(state)
  switch (name) {
    case 'kafka':
      // A starting service usually refuses connections, so try the cheap check first.
      return (await answers(port)) && (await kafkaAnswers(port))
    case 'registry':
      return httpAnswers(`${registryUrl}/subjects`, `Bearer ${registryToken}`)
    case 'analytics': {
      const { clickhouseUrl, clickhouseUsername, clickhousePassword } = analytics
      const basic = Buffer.from(`${clickhouseUsername}:${clickhousePassword}`).toString('base64')
      return httpAnswers(`${clickhouseUrl}/ping`, `Basic ${basic}`)
    }
  }
}

async function kafkaAnswers(port: number): Promise<boolean> {
  patchRequestQueue()
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
    // Without a controller the broker answers but cannot create topics or groups yet.
    const { brokers, controller } = await admin.describeCluster()
    if (brokers.length === 0 || controller === null) return false
    // The first request to the group coordinator creates the offsets topic, which takes a second.
    // Until then no consumer could join a group.
    await admin.fetchOffsets({ groupId: 'winnow-probe', topics: [] })
    return true
  } catch {
    return false
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}

async function httpAnswers(url: string, authorization: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(answerMsMax)
    const response = await fetch(url, { headers: { authorization }, signal })
    await response.text()
    return response.ok
  } catch {
    return false
  }
}
