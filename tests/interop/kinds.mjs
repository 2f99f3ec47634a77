// kinds — what travels beside notices: drafts within a desk, and service statements, written and sealed by Node, opened by the C peer;
// each bend must stop both at the same step, each limit of a field must be seen alike.
//   kinds.mjs check PEER
import { Stopped, readDraft } from './notice.mjs';
import { schedule, seal } from './envelope.mjs';
import { limitsOf } from './limits.mjs';
import { openSealed } from './open.mjs';
import { readService } from './receipt.mjs';
import { write } from './strict.mjs';
import { callPeer, check, end } from './tap.mjs';
import { draw } from './world.mjs';
import { H, equal, hex, join, label, sign, unhex, zeros } from './wire.mjs';

const DRAFT = 4, SERVICE = 3, AUTO = 16n, MONITOR = 32n, DESK = 64n;

// The small world of the peer, as documents would tell it.
const trustOf = (world) => {
  const certs = world.states.flatMap((state) => [
    ...state.devices.map((one, i) => ({ ...one, kind: 1n, roles: AUTO | (i === 2 ? MONITOR : DESK) })),
    ...state.officers.map((one, i) => ({ ...one, kind: 2n, roles: i === 2 ? 4n : 7n, person: draw(one.id).slice(0, 16) }))]
    .map((one) => ({ ...one, id: unhex(one.id), sign_pk: unhex(one.pk), entity: unhex(state.entity), desks: [BigInt(state.kind)] })));
  return { ns: unhex(world.ns), cert: (entity, id) => certs.find((one) => equal(one.entity, entity) && equal(one.id, id)), revocation: () => undefined };
};
const signed = (type, body, keys) => ({ body, sigs: keys.map((key) => ({ key_id: unhex(key.id), sig: sign(unhex(key.seed), type, body) })) });

// Sealed by the first device of XAA to one device of a State.
const sealTo = (world, { kind, content, contentHash, state, device, rest, precedence, plane = 1 }) => {
  const [xaa] = world.states, to = world.states[state], now = BigInt(world.now_ms);
  const made = schedule({ hedgeKey: draw('hedge'), random: join(draw('1'), draw('2')), contentHash, createdMs: now, row: 5 });
  const sealed = seal({ kind, content, made, seed: unhex(xaa.devices[0].seed), slots: [{ entity: unhex(to.entity), kind: to.kind, device: unhex(to.devices[device].id),
    prekey_id: unhex(to.devices[device].prekey_id), pk: unhex(to.devices[device].prekey_pk), rest }], header: { ns: unhex(world.ns), sender_entity: unhex(xaa.entity),
    sender_device: unhex(xaa.devices[0].id), plane, class: kind === SERVICE ? 0 : 1, precedence, dir_version: 1, created_ms: now, expires_ms: now + 86400000n } });
  return { entry: { state, device, deposit_hash: hex(sealed.deposit), delivered: hex(sealed.deliver(0)) }, delivered: sealed.deliver(0), deposit: sealed.deposit };
};
const stepOf = (run) => {
  try { run(); return 0; } catch (error) { return error instanceof Stopped ? error.step : 12; }
};
const sayWhy = (answer) => `C ${answer.result} at step ${answer.step}: ${answer.detail}`;

// --- drafts ------------------------------------------------------------------------------------------------------------
const makeDraft = (world, bend = {}) => {
  const [xaa, xbb] = world.states, ns = unhex(world.ns), now = BigInt(world.now_ms), plane = 1, desk = (one) => ({ entity: unhex(one.entity), kind: one.kind });
  const body = write('Notice', { version: 1, type: 10, plane, sender: desk(xaa), to: [{ desk: desk(xbb), action: true, precedence: 3 }], precedence: 3, tlp: 3,
    text: [{ lang: 'en', body: 'A draft.', authoritative: true }], subject: 'Draft', check_word: 'AB12', ns, notice_id: draw('id').slice(0, 16),
    draft_device: unhex(xaa.devices[0].id), author: unhex(xaa.officers[0].id), dir_version: 1, dir_hash: draw('dir'), drafted_ms: now, persons: bend.persons ?? 2 });
  const hash = H(label('notice', plane), body), releases = Array.from({ length: bend.releases ?? 0 }, (_, i) => signed(label('release', plane), write('Release', { ns, plane,
    notice_hash: hash, releaser: unhex(xaa.officers[1].id), releaser_device: unhex(xaa.devices[1].id), sender_device: unhex(xaa.devices[bend.senders?.[i] ?? 0].id),
    released_ms: now, not_after_ms: now + 1000n }), [xaa.officers[1], xaa.devices[1]]));
  const keys = bend.keys?.(xaa) ?? [xaa.officers[0], xaa.devices[0]];
  const content = write('Draft', { notice: { notice: signed(label('notice', plane), body, keys), releases }, action: 1, remark: 'look', ...bend.draft });
  return { kind: DRAFT, content, contentHash: hash, state: bend.state ?? 0, device: 1, rest: bend.rest ?? zeros(116), precedence: bend.precedence ?? 3 };
};
const DRAFTS = [['as it should be', {}, 0], ['with a release that has come', { releases: 1 }, 0], ['with two releases where three persons sign, both of one', { persons: 3, releases: 2 }, 12],
  ['with two releases where two persons sign', { releases: 2 }, 12], ['returned', { draft: { action: 2 } }, 0], ['withdrawn', { draft: { action: 3 } }, 0], ['sent', { draft: { action: 4 } }, 0],
  ['with an action that nobody knows', { draft: { action: 5 } }, 10], ['without action', { draft: { action: 0 } }, 10], ['with a remark of 500', { draft: { remark: 'r'.repeat(500) } }, 0],
  ['with a remark of 501', { draft: { remark: 'r'.repeat(501) } }, 10], ['without remark', { draft: { remark: '' } }, 0], ['to another desk', { state: 1 }, 12],
  ['signed by the author alone', { keys: (xaa) => [xaa.officers[0]] }, 11], ['of an author who may only acknowledge', { keys: (xaa) => [xaa.officers[2], xaa.devices[0]] }, 11],
  ['of a monitor', { keys: (xaa) => [xaa.officers[0], xaa.devices[2]] }, 11], ['signed by the other officer', { keys: (xaa) => [xaa.officers[1], xaa.devices[0]] }, 12],
  ['with another precedence in the header', { precedence: 2 }, 12], ['with a number', { rest: join(zeros(7), [1], zeros(108)) }, 13],
  ['for another sender_device', { releases: 1, senders: [1] }, 0]];
const judgeDraft = (trust, world, letter, sealed) => stepOf(() => {
  const outer = openSealed(trust, sealed.delivered, sealed.deposit), own = world.states[letter.state], desk = { entity: unhex(own.entity), kind: BigInt(own.kind) };
  readDraft(trust, letter.content, outer.header, desk);
  if (letter.rest.some((octet) => octet !== 0)) throw new Stopped('Q', 13, 'UNRECOGNISED_FORMAT', 'link of a draft');
});
const checkDrafts = (trust, world, peer) => {
  const letters = DRAFTS.map(([, bend]) => makeDraft(world, bend)), sealed = letters.map((letter) => sealTo(world, letter));
  callPeer(peer, 'open', sealed.map(({ entry }) => entry)).forEach((answer, i) => {
    const [name, , step] = DRAFTS[i], own = judgeDraft(trust, world, letters[i], sealed[i]), c = answer.result === 'opened' ? 0 : answer.step;
    check(own === step && c === step && (step || answer.content === hex(letters[i].content)), `a draft ${name} ${step ? `stops C and Node at step ${step}` : 'opens to both'}`,
      `Node ${own}, ${sayWhy(answer)}`);
  });
};

// --- service statements ----------------------------------------------------------------------------------------------
const makeService = (world, kind, change = () => {}, part = 'ServiceStatement') => {
  const [xaa, xbb] = world.states, now = BigInt(world.now_ms), isCheck = kind === 1, made = (name, object) => { if (name === part) change(object); return object; };
  const service = made('Service', { kind, ...(kind === 2 ? { first_serial: 3, last_serial: 4, stream_device: unhex(xbb.devices[0].id) } : {}) });
  const floor = made('PrekeyFloor', { prekey_id: draw('prekey').slice(0, 16), kind: 1, created_ms: now });
  const statement = made('ServiceStatement', { ns: unhex(world.ns), plane: 1, sender_entity: unhex(xaa.entity), sender_kind: xaa.kind, sender_device: unhex(xaa.devices[0].id),
    recipient: isCheck ? undefined : { entity: unhex(xbb.entity), kind: xbb.kind }, at_ms: now, service, journal_head: draw('head'), dir_version: 1, roster_version: 1,
    prekeys: isCheck ? [floor] : [] });
  const body = write('ServiceStatement', statement), hash = H(label('service', 1), body), marks = [[5, draw('live')], [0, zeros(32)], [0, zeros(32)]];
  const marksBody = write('Marks', { ns: unhex(world.ns), service_hash: hash, sender_device: unhex(xaa.devices[0].id), recipient_entity: unhex(xbb.entity), recipient_kind: xbb.kind,
    live_seq: 5, live_hash: marks[0][1], exercise_seq: 0, exercise_hash: zeros(32), test_seq: 0, test_hash: zeros(32) });
  const rest = isCheck ? join(zeros(4), join(zeros(7), [5], marks[0][1]), zeros(80), sign(unhex(xaa.devices[0].seed), 'hotline/v1/marks', marksBody), zeros(4)) : zeros(192);
  return { kind: SERVICE, content: write('Signed', signed(label('service', 1), body, [xaa.devices[0]])), contentHash: hash, state: 1, device: 0, rest };
};
const judgeService = (trust, world, letter, sealed) => stepOf(() => {
  const outer = openSealed(trust, sealed.delivered, sealed.deposit), own = { entity: unhex(world.states[1].entity), kind: BigInt(world.states[1].kind) };
  readService(trust, letter.content, outer, join(zeros(32), letter.rest), own);
});
const serviceCases = function* (world) {
  for (let kind = 1; kind <= 22; kind++) yield [`of kind ${kind}`, makeService(world, kind)];
  for (const kind of [1, 2]) for (const part of ['ServiceStatement', 'Service', ...(kind === 1 ? ['PrekeyFloor'] : [])])
    for (const [what, change] of limitsOf(part)) yield [`of kind ${kind}, ${part}.${what}`, makeService(world, kind, change, part)];
};
const checkServices = (trust, world, peer) => {
  const cases = [...serviceCases(world)].filter(([, letter]) => letter.content.length < 1023), sealed = cases.map(([, letter]) => sealTo(world, letter));
  const answers = callPeer(peer, 'open', sealed.map(({ entry }) => entry)), disputes = [];
  let opened = 0;
  answers.forEach((answer, i) => {
    const own = judgeService(trust, world, cases[i][1], sealed[i]);
    if ((own === 0) !== (answer.result === 'opened')) disputes.push(`${cases[i][0]}: Node ${own}, ${sayWhy(answer)}`);
    if (own === 0) opened++;
  });
  check(disputes.length === 0, `C and Node judge alike ${cases.length} service statements, each kind and each limit of a field; ${opened} valid`, disputes.join('\n# '));
};

if (process.argv[2] === 'check') {
  const peer = process.argv[3], world = callPeer(peer, 'seal'), trust = trustOf(world);
  checkDrafts(trust, world, peer);
  checkServices(trust, world, peer);
  end();
}
