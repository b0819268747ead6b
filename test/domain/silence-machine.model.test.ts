// A model of two Silences and one Alertmanager that people, crashes and a lossy disk act upon. Whatever happened: once things are
// quiet there is exactly one silence a window, none after deletion, and nothing of anybody else has been touched.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type DesiredSilence, silenceStep } from '../../src/domain/silence-machine.ts'
import { taggedComment, tagOf } from '../../src/domain/silence-marker.ts'
import { AlertmanagerStore } from '../fakes/alertmanager-store.ts'

const minute = 60_000

type Wish = {
  readonly target: string
  readonly startMin: number
  readonly lengthMin: number
  readonly comment: string
}
type Silence = {
  wish: Wish
  revision: number
  isDeleted: boolean
  wasEndedByHand: boolean
  /** Whether something since then may rightly have brought it back: a lost disk, a second writer. */
  mayBeBack: boolean
  readonly uid: string
  readonly createdAt: number
}

class Model {
  now = Date.parse('2026-01-01T00:00:00Z')
  isDown = false
  readonly store = new AlertmanagerStore(() => this.now)
  readonly silences: Silence[]
  private foreign: readonly string[] = []

  constructor(wishes: readonly Wish[]) {
    this.silences = wishes.map((wish, index) => ({
      wish,
      revision: 1,
      isDeleted: false,
      wasEndedByHand: false,
      mayBeBack: false,
      uid: `uid-${index}`,
      createdAt: this.now,
    }))
  }

  desired({ wish, revision, isDeleted, uid, createdAt }: Silence): DesiredSilence {
    const startsAt = createdAt + wish.startMin * minute
    return {
      marker: { clusterId: 'cluster', uid, occurrence: 'once' },
      revision: String(revision),
      matchers: [{ name: 'target', value: wish.target, isRegex: false, isEqual: true }],
      window: { startsAt, endsAt: startsAt + wish.lengthMin * minute },
      comment: wish.comment,
      isDeleted,
    }
  }

  /** `actionsMax`: the process dies after so many writes, before it can note any answer. */
  reconcile(silence: Silence, actionsMax = Number.POSITIVE_INFINITY) {
    const seen = this.isDown
      ? { name: 'main', silences: this.store.list(), problem: { message: 'down' } }
      : { name: 'main', version: '0.34.2', silences: this.store.list() }
    const step = silenceStep(this.desired(silence), seen, this.now)
    for (const action of step.actions.slice(0, actionsMax)) {
      const reply =
        action.kind === 'post-silence' ? this.store.post(action.silence) : this.store.expire(action.silenceID)
      expect(reply.status).toBe(200)
    }
    return step
  }

  liveOf({ uid }: Silence) {
    return this.store.list().filter((one) => one.state !== 'expired' && tagOf(one)?.uid === uid)
  }

  edit(silence: Silence, wish: Wish) {
    if (silence.isDeleted) return
    Object.assign(silence, { wish, revision: silence.revision + 1, wasEndedByHand: false, mayBeBack: false })
  }

  /** A target appears or goes: other matchers under the same spec. */
  retarget(silence: Silence, target: string) {
    silence.wish = { ...silence.wish, target }
  }

  endByHand(silence: Silence) {
    for (const live of this.liveOf(silence)) {
      this.store.expire(live.id)
      // What was ended for an older spec is made again for the new one.
      silence.wasEndedByHand ||= tagOf(live)?.revision === String(silence.revision)
    }
  }

  /** In Alertmanager's page, which keeps author and comment. */
  editByHand(silence: Silence) {
    for (const { id, startsAtText, endsAt, createdBy, comment } of this.liveOf(silence)) {
      this.store.post({
        id,
        matchers: [{ name: 'edited', value: 'x', isRegex: false, isEqual: true }],
        createdBy,
        comment,
        startsAt: startsAtText,
        endsAt: new Date(endsAt + minute).toISOString(),
      })
    }
  }

  pass(minutes: number) {
    this.now += minutes * minute
  }

  toggle() {
    this.isDown = !this.isDown
  }

  remove(silence: Silence) {
    silence.isDeleted = true
  }

  /** Another replica that saw an older list makes it a second time. */
  duplicate(silence: Silence) {
    silence.mayBeBack = true
    const step = silenceStep(this.desired(silence), { name: 'main', silences: [] }, this.now)
    for (const action of step.actions) if (action.kind === 'post-silence') this.store.post(action.silence)
  }

  addForeign(silence: Silence, kind: 'plain' | 'copied') {
    const reply = this.store.post({
      matchers: [{ name: 'a', value: 'b', isRegex: false, isEqual: true }],
      startsAt: new Date(this.now).toISOString(),
      endsAt: new Date(this.now + 100_000 * minute).toISOString(),
      createdBy: kind === 'plain' ? 'roundsman' : 'li.na',
      comment:
        kind === 'plain'
          ? 'ours by name only'
          : taggedComment('copied', {
              clusterId: 'cluster',
              uid: silence.uid,
              occurrence: 'once',
              revision: '1',
            }),
    })
    if (reply.status === 200) this.foreign = [...this.foreign, reply.silenceID]
  }

  killAndRestart() {
    this.store.killAndRestart()
    for (const silence of this.silences) silence.mayBeBack = true
    const known = new Set(this.store.list().map((silence) => silence.id))
    this.foreign = this.foreign.filter((id) => known.has(id))
  }

  checkForeign() {
    for (const silence of this.store.list().filter((one) => this.foreign.includes(one.id))) {
      expect(silence.state).toBe('active')
      expect(silence.matchers).toEqual([{ name: 'a', value: 'b', isRegex: false, isEqual: true }])
    }
  }

  /** Two rounds suffice from any state; the third changes nothing. */
  settle() {
    this.isDown = false
    for (const silence of this.silences) {
      this.reconcile(silence)
      this.reconcile(silence)
      expect(this.reconcile(silence).actions).toEqual([])
      this.checkSettled(silence)
    }
    this.checkForeign()
  }

  private checkSettled(silence: Silence) {
    const { window, matchers } = this.desired(silence)
    const live = this.liveOf(silence)
    if (silence.isDeleted || this.now >= window.endsAt) return expect(live).toEqual([])
    if (live.length === 0) return expect(silence.wasEndedByHand).toBe(true)
    if (silence.wasEndedByHand) expect(silence.mayBeBack).toBe(true)
    expect(live).toHaveLength(1)
    expect(live[0]).toMatchObject({ matchers, endsAt: window.endsAt })
    if (this.now < window.startsAt) expect(live[0]).toMatchObject({ startsAt: window.startsAt })
  }
}

const wishes = fc.record({
  target: fc.constantFrom('a', 'b', 'c'),
  startMin: fc.integer({ min: 0, max: 20 }),
  lengthMin: fc.integer({ min: 1, max: 200 }),
  comment: fc.constantFrom('migration', 'longer [roundsman cluster/uid-0/once/1]'),
})
const which = fc.integer({ min: 0, max: 1 })

/** Prints as what it does, so that a counterexample can be read. */
class Step {
  private readonly says: string
  readonly act: (model: Model) => void

  constructor(says: string, act: (model: Model) => void) {
    this.says = says
    this.act = act
  }

  toString(): string {
    return this.says
  }
}

const onOne = (says: string, act: (model: Model, silence: Silence) => void) =>
  which.map((index) => new Step(`${says} ${index}`, (model) => act(model, model.silences[index]!)))

const steps = fc.oneof(
  { weight: 6, arbitrary: onOne('reconcile', (model, silence) => model.reconcile(silence)) },
  {
    weight: 2,
    arbitrary: onOne('crash before the first write of', (model, silence) => model.reconcile(silence, 0)),
  },
  {
    weight: 2,
    arbitrary: onOne('crash after the first write of', (model, silence) => model.reconcile(silence, 1)),
  },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 1, max: 60 })
      .map((n) => new Step(`pass ${n} min`, (model) => model.pass(n))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(which, wishes)
      .map(
        ([index, wish]) =>
          new Step(`edit ${index} to ${JSON.stringify(wish)}`, (model) =>
            model.edit(model.silences[index]!, wish),
          ),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(which, fc.constantFrom('a', 'b', 'c'))
      .map(
        ([index, target]) =>
          new Step(`targets of ${index} become ${target}`, (model) =>
            model.retarget(model.silences[index]!, target),
          ),
      ),
  },
  { weight: 1, arbitrary: onOne('delete', (model, silence) => model.remove(silence)) },
  { weight: 1, arbitrary: onOne('end by hand', (model, silence) => model.endByHand(silence)) },
  { weight: 1, arbitrary: onOne('edit by hand', (model, silence) => model.editByHand(silence)) },
  { weight: 2, arbitrary: onOne('duplicate', (model, silence) => model.duplicate(silence)) },
  {
    weight: 1,
    arbitrary: onOne('add a foreign one beside', (model, silence) => model.addForeign(silence, 'plain')),
  },
  {
    weight: 1,
    arbitrary: onOne('copy the marker of', (model, silence) => model.addForeign(silence, 'copied')),
  },
  { weight: 1, arbitrary: fc.constant(new Step('save to disk', (model) => model.store.saveToDisk())) },
  { weight: 1, arbitrary: fc.constant(new Step('kill and restart', (model) => model.killAndRestart())) },
  { weight: 1, arbitrary: fc.constant(new Step('go down or up', (model) => model.toggle())) },
)

it('ends with exactly one silence a window, none after deletion, and foreign ones untouched', () => {
  fc.assert(
    fc.property(fc.tuple(wishes, wishes), fc.array(steps, { maxLength: 40 }), (both, run) => {
      const model = new Model(both)
      for (const step of run) {
        step.act(model)
        model.checkForeign()
      }
      model.settle()
    }),
    { numRuns: 500 },
  )
})
