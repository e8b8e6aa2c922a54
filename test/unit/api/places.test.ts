// A few at work at once: no place is lost, none is given twice, and nobody waits for ever.
import { expect, it } from 'vitest'
import { createPlaces } from '../../../apps/api/src/exports/places.ts'

const NEVER_GONE = new AbortController().signal
const late = () => new Error('too late')

/** Work that goes on until it is told to end. */
function openWork() {
  const ended = Promise.withResolvers<void>()
  let begun = false
  const work = async () => {
    begun = true
    await ended.promise
  }
  return { work, begun: () => begun, end: () => ended.resolve() }
}

it('the third waits until one of two has ended, whether it succeeded or not, and those who wait are taken in turn', async () => {
  const inPlace = createPlaces({ places: 2, patience: 60_000, late })
  const works = Array.from({ length: 4 }, openWork)
  const done = works.map(({ work }) => inPlace(NEVER_GONE, work))
  const begun = () => works.map((each) => each.begun())
  await expect.poll(begun).toEqual([true, true, false, false])
  works[1]?.end()
  await expect.poll(begun).toEqual([true, true, true, false])
  for (const { end } of works) end()
  await Promise.all(done)
  const failing = () => inPlace(NEVER_GONE, () => Promise.reject(new Error('no')))
  for (let count = 0; count < 5; count++) await expect(failing()).rejects.toThrow('no')
})

it('whoever gives up, or is gone, leaves no place taken and takes none', async () => {
  const inPlace = createPlaces({ places: 1, patience: 50, late })
  const first = openWork()
  const working = inPlace(NEVER_GONE, first.work)
  const leaving = new AbortController()
  const unwanted = openWork()
  const gone = expect(inPlace(leaving.signal, unwanted.work)).rejects.toThrow('closed')
  leaving.abort(new Error('closed'))
  await gone
  await expect(inPlace(NEVER_GONE, unwanted.work)).rejects.toThrow('too late')
  first.end()
  await working
  expect(unwanted.begun()).toBe(false)
  expect(await inPlace(NEVER_GONE, async () => 'free again')).toBe('free again')
})
