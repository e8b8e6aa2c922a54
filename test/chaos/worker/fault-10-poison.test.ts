// Fault 10: an export that kills its worker every time.
import { describe, expect, it } from 'vitest'
import { QUEUE_BACKENDS } from '../../setup/system.ts'
import { SHORT_LOCK, startChaos } from '../setup/chaos.ts'

describe.concurrent.each(QUEUE_BACKENDS)('fault 10, queue on %s', (queue) => {
  it('fails an export that has killed three workers, and runs the next export', async (test) => {
    const chaos = await startChaos(test, { queue, settings: SHORT_LOCK })
    const [api] = await Promise.all([chaos.startLocalApi(), chaos.startWorkers(4)])
    const users = await chaos.lockUsers()
    const poison = await api.ask()
    for (let victims = 1; victims <= 3; victims++) {
      const victim = await chaos.runner(poison)
      victim.signal('SIGKILL')
      await victim.ended
    }
    const { attempts, errorCode } = await chaos.becomes(poison, 'failed')
    expect({ attempts, errorCode }).toEqual({ attempts: 3, errorCode: 'WORKER_LOST' })
    expect((await api.admin.get(`/v1/exports/${poison}`)).body.error).toMatchObject({
      code: 'WORKER_LOST',
      message: expect.stringMatching(/crashed or was stopped, 3 times.*log of the worker/),
    })
    await users.release()
    const next = await api.ask()
    await chaos.becomes(next, 'completed')
    await chaos.holds([poison, next])
  })
})
