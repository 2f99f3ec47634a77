// seal — a second implementation of sealing and opening, against the C peer. HPKE is @hpke's (X-Wing of mlkem), the rest noble's.
//   seal.mjs check PEER   every check, one line each
//   seal.mjs open         what `peer seal` printed on stdin; prints the SignedNotice of its first letter
//   seal.mjs seal         the same on stdin; prints an input for `peer open`: a notice that Node wrote and sealed
import { randomBytes } from 'node:crypto';
import { Chacha20Poly1305 } from '@hpke/chacha20poly1305';
import { CipherSuite, HkdfSha256 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { callPeer, check, end, readStdin } from './tap.mjs';
import * as wire from './wire.mjs';
import { B, H, equal, hex, isZero, join, label, number, text, u32be, u64be, u8, unhex, zeros } from './wire.mjs';

const NOTICE = 1, SERVICE = 3;
const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Chacha20Poly1305() });
const hkdf = (prk, info, len) => expand(sha256, prk, info, len);
const at = (name, suffix = zeros(0)) => join(text('hotline/v1/' + name), suffix);

// --- what both directions share (section 6) ------------------------------------------------------------------------
const contentKeys = (salt, fileKey) => {
  const prk = extract(sha256, fileKey, salt);
  return { key: hkdf(prk, at('content'), 32), commit: hkdf(prk, at('commit'), 32) };
};
const slotInfo = (ns, slot) => wire.PAE('hotline/v1/slot', join(ns, slot.entity, slot.device, slot.prekey_id));
const slotAad = (hh, slot) => join(hh, slot.entity, u8(slot.kind), slot.device, slot.prekey_id);
const bucketOf = (isControl, len) => {
  if (isControl) return len < 1024 ? 1024 : 0;
  for (let bucket = 1024; bucket <= 65536; bucket *= 2) if (len < bucket) return bucket;
  return (Math.floor(len / 65536) + 1) * 65536;
};
const hashes = (header, ct, slotsRoot, count, sig) => {
  const hh = H('hotline/v1/header-hash', header);
  const ehash = H('hotline/v1/envelope-hash', hh, B(ct), slotsRoot, u32be(count));
  return { hh, ehash, deposit: sig && H('hotline/v1/deposit', ehash, sig) };
};

// --- opening, in the order of section 8 ----------------------------------------------------------------------------
class Refused extends Error {
  constructor(step, what) { super(`step ${step}: ${what}`); this.step = step; }
}
const need = (isTrue, step, what) => { if (!isTrue) throw new Refused(step, what); };
const attempt = (step, what, run) => {
  try { return run(); } catch (error) { throw error instanceof Refused ? error : new Refused(step, `${what}: ${error.message}`); }
};

// world: states as `peer seal` shows them. A key of the State, by id.
const findKey = (state, list, id) => state[list].find((key) => equal(unhex(key.id), id));

const openOuter = (world, depositHash, octets) => {
  const delivered = attempt(1, 'DeliveredEnvelope', () => wire.decode(wire.Delivered, octets));
  const header = attempt(1, 'header', () => wire.decode(wire.Header, delivered.header));
  const slot = attempt(1, 'slot', () => wire.decode(wire.Slot, delivered.slot));
  const isControl = header.class === 0n;
  need(header.version === 1n && header.suite === 1n, 1, 'version');
  need(equal(header.ns, unhex(world.ns)), 1, 'ns');
  need(header.plane >= 1n && header.plane <= 3n && header.class <= 1n, 1, 'plane or class');
  need(isControl === (header.precedence === 0n) && header.precedence <= 4n, 1, 'precedence');
  need(header.attachments.length === 0, 1, 'attachments');
  need(header.dir_version > 0n, 1, 'dir_version');
  for (const ms of [header.created_ms, header.expires_ms]) need(ms >= 1600000000000n && ms <= 4102444800000n, 1, 'time');
  need(header.envelope_id.length === 16 && header.sender_entity.length === 16 && header.sender_device.length === 16, 1, 'ids');
  need(header.salt.length === 32 && header.key_commit.length === 32, 1, 'salt');
  need(BigInt(delivered.ct.length) === header.ct_len, 1, 'ct_len');
  need(bucketOf(isControl, delivered.ct.length - 17) === delivered.ct.length - 16, 1, 'bucket');
  need(header.slot_count >= 1n && header.slot_count <= 800n && delivered.slot_index < header.slot_count, 1, 'slot_count');
  need(slot.entity.length === 16 && slot.device.length === 16 && slot.prekey_id.length === 16, 1, 'slot ids');
  need(slot.kind >= 1n && slot.kind <= 4n, 1, 'slot kind');
  need(slot.kem_ct.length === 1120 && slot.sealed.length === (isControl ? 240 : 164), 1, 'slot length');
  need(delivered.proof.length <= 10 && delivered.proof.every((hash) => hash.length === 32), 1, 'proof');
  need(delivered.slots_root.length === 32 && delivered.sig.length === 64, 1, 'root or sig');
  const made = hashes(delivered.header, delivered.ct, delivered.slots_root, header.slot_count, delivered.sig);
  need(equal(made.deposit, depositHash), 2, 'deposit_hash');
  return { delivered, header, slot, isControl, ...made };
};

const openSlot = async (world, own, outer) => {
  const { slot, header, hh, isControl } = outer;
  need(equal(slot.prekey_id, unhex(own.device.prekey_id)), 6, 'prekey');
  let plain;
  try {
    const recipientKey = await suite.kem.deserializePrivateKey(unhex(own.device.prekey_seed));
    const context = await suite.createRecipientContext({ recipientKey, enc: slot.kem_ct, info: slotInfo(header.ns, slot) });
    plain = new Uint8Array(await context.open(slot.sealed, slotAad(hh, slot)));
  } catch (error) {
    throw new Refused(7, error.message);
  }
  const flags = number(isControl ? plain.slice(32, 36) : plain.slice(136, 140));
  need(flags <= 3n && isZero(isControl ? plain.slice(220) : plain.slice(140)), 7, 'zero octets');
  return plain;
};

const openContent = (outer, fileKey) => {
  const keys = contentKeys(outer.header.salt, fileKey);
  need(equal(keys.commit, outer.header.key_commit), 8, 'key_commit');
  const padded = attempt(9, 'AEAD', () => chacha20poly1305(keys.key, zeros(12), outer.hh).decrypt(outer.delivered.ct));
  const len = padded.findLastIndex((octet) => octet !== 0);
  need(len >= 2 && padded[len] === 0x80, 10, 'padding');
  need(bucketOf(outer.isControl, len) === padded.length, 10, 'smallest bucket');
  const kind = padded[0];
  need(outer.isControl ? kind === 2 || kind === 3 : kind === 1, 10, 'kind');
  return { kind, content: padded.slice(1, len) };
};

const checkSigs = (signed, type, keys) => {
  need(signed.sigs.length === keys.length, 11, `${type}: count`);
  signed.sigs.forEach((sig, i) => {
    need(keys[i] && equal(sig.key_id, unhex(keys[i].id)), 11, `${type}: key of signature ${i}`);
    need(wire.verify(unhex(keys[i].pk), type, signed.body, sig.sig), 11, `${type}: signature ${i}`);
  });
};
const signers = (sender, signed) => [findKey(sender, 'officers', signed.sigs[0]?.key_id ?? zeros(0)),
  findKey(sender, 'devices', signed.sigs[1]?.key_id ?? zeros(0))];

const judgeNotice = (outer, sender, own, content) => {
  const object = attempt(10, 'SignedNotice', () => wire.decode(wire.SignedNotice, content));
  const plane = outer.header.plane;
  checkSigs(object.notice, label('notice', plane), signers(sender, object.notice));
  object.releases.forEach((signed) => checkSigs(signed, label('release', plane), signers(sender, signed)));
  const notice = attempt(12, 'Notice', () => wire.decode(wire.Notice, object.notice.body));
  const releases = object.releases.map((signed) => attempt(12, 'Release', () => wire.decode(wire.Release, signed.body)));
  const hash = H(label('notice', plane), object.notice.body);
  need(equal(notice.ns, outer.header.ns) && notice.plane === plane && notice.precedence === outer.header.precedence, 12, 'header');
  need(equal(notice.author, object.notice.sigs[0].key_id) && equal(notice.draft_device, object.notice.sigs[1].key_id), 12, 'author');
  need(equal(notice.sender.entity, outer.header.sender_entity), 12, 'sender');
  need(releases.length === Math.max(1, Number(notice.persons) - 1), 12, 'persons');
  releases.forEach((release, i) => {
    const [releaser, device] = object.releases[i].sigs;
    need(release.plane === plane && equal(release.ns, notice.ns) && equal(release.notice_hash, hash), 12, 'release');
    need(equal(release.releaser, releaser.key_id) && equal(release.releaser_device, device.key_id), 12, 'releaser');
    need(equal(release.sender_device, outer.header.sender_device), 12, 'sender_device');
  });
  const ownDesk = unhex(own.state.entity);
  need(equal(ownDesk, notice.sender.entity) || notice.to.some((address) => equal(address.desk.entity, ownDesk)), 12, 'addressed');
  return { hash, notice };
};

const judgeLink = (world, outer, own, senderKey, hash, plain) => {
  const seq = number(plain.slice(32, 40)), prev = plain.slice(40, 72), sig = plain.slice(72, 136);
  if (equal(unhex(own.state.entity), outer.header.sender_entity)) {
    need(seq === 0n && isZero(prev) && isZero(sig), 13, 'own-desk slot');
    return { seq };
  }
  const body = wire.encode(wire.Link, { ns: unhex(world.ns), plane: outer.header.plane, content_hash: hash,
    sender_device: outer.header.sender_device, recipient_entity: unhex(own.state.entity), recipient_kind: own.state.kind, seq, prev });
  need(seq > 0n && wire.verify(unhex(senderKey.pk), label('link', outer.header.plane), body, sig), 13, 'Link');
  return { seq, prev, linkHash: H(label('link', outer.header.plane), body) };
};

const judgeService = (world, outer, sender, own, senderKey, content, plain) => {
  const signed = attempt(10, 'Signed', () => wire.decode(wire.Signed, content));
  const type = label('service', outer.header.plane);
  checkSigs(signed, type, [senderKey]);
  const statement = attempt(12, 'ServiceStatement', () => wire.decode(wire.ServiceStatement, signed.body));
  need(equal(statement.sender_device, outer.header.sender_device) && equal(statement.ns, outer.header.ns), 12, 'sender');
  const hash = H(type, signed.body);
  if (equal(unhex(own.state.entity), outer.header.sender_entity)) {
    need(isZero(plain.slice(32)), 13, 'own-desk slot');
    return { hash };
  }
  const row = (i) => [number(plain.slice(36 + 40 * i, 44 + 40 * i)), plain.slice(44 + 40 * i, 76 + 40 * i)];
  const [[live_seq, live_hash], [exercise_seq, exercise_hash], [test_seq, test_hash]] = [row(0), row(1), row(2)];
  const body = wire.encode(wire.Marks, { ns: unhex(world.ns), service_hash: hash, sender_device: outer.header.sender_device,
    recipient_entity: unhex(own.state.entity), recipient_kind: own.state.kind, live_seq, live_hash, exercise_seq, exercise_hash,
    test_seq, test_hash });
  need(wire.verify(unhex(senderKey.pk), 'hotline/v1/marks', body, plain.slice(156, 220)), 13, 'Marks');
  return { hash, liveSeq: live_seq };
};

const open = async (world, own, depositHash, octets) => {
  const outer = openOuter(world, depositHash, octets);
  const { header, slot, delivered } = outer;
  const sender = world.states.find((state) => equal(unhex(state.entity), header.sender_entity));
  const senderKey = sender && findKey(sender, 'devices', header.sender_device);
  need(senderKey, 3, 'unknown sender');
  need(wire.verify(unhex(senderKey.pk), label('envelope', header.plane), outer.ehash, delivered.sig), 4, 'sig');
  const root = wire.pathRoot(delivered.slot, Number(delivered.slot_index), Number(header.slot_count), delivered.proof);
  need(root && equal(root, delivered.slots_root), 5, 'audit path');
  need(equal(slot.entity, unhex(own.state.entity)) && Number(slot.kind) === own.state.kind &&
       equal(slot.device, unhex(own.device.id)), 5, 'not our slot');
  const plain = await openSlot(world, own, outer);
  const { kind, content } = openContent(outer, plain.slice(0, 32));
  if (kind === SERVICE) return { kind, content, plain, ...judgeService(world, outer, sender, own, senderKey, content, plain) };
  need(kind === NOTICE, 10, 'kind');
  const { hash, notice } = judgeNotice(outer, sender, own, content);
  return { kind, content, plain, hash, notice, ...judgeLink(world, outer, own, senderKey, hash, plain) };
};

// --- writing and sealing -------------------------------------------------------------------------------------------
const signed = (type, body, keys) => ({ body, sigs: keys.map((key) =>
  ({ key_id: unhex(key.id), sig: wire.sign(unhex(key.seed), type, body) })) });
const desk = (state) => ({ entity: unhex(state.entity), kind: state.kind });

// A notice from XAA.TEC to XBB.TEC, of two persons on two devices. `bend` damages one place before it is signed.
const writeNotice = (world, plane, bend = {}) => {
  const [xaa, xbb] = world.states;
  const ns = unhex(world.ns), ms = world.now_ms;
  const body = wire.encode(wire.Notice, { version: 1, type: 10, plane, exercise_name: plane === 2 ? 'Node drill' : '',
    exercise_id: plane === 2 ? randomBytes(16) : zeros(0), sender: desk(xaa),
    to: [{ desk: desk(xbb), action: 1, precedence: 4 }], precedence: 4, tlp: 3, thread_id: randomBytes(16), originator_ref: 'NODE/1',
    text: [{ lang: 'en', body: 'Written by the second implementation.', authoritative: 1 },
           { lang: 'ru', body: 'Написано второй реализацией.' }],
    subject: 'Interop', check_word: 'N0DE', ns, notice_id: randomBytes(16), draft_device: unhex(xaa.devices[0].id),
    author: unhex(xaa.officers[0].id), dir_version: 1, dir_hash: randomBytes(32), drafted_ms: ms, persons: 2 });
  const hash = H(label('notice', plane), body);
  const release = wire.encode(wire.Release, { ns, plane, notice_hash: hash, releaser: unhex(xaa.officers[1].id),
    releaser_device: unhex(xaa.devices[1].id), sender_device: unhex(xaa.devices[bend.otherSender ? 1 : 0].id),
    released_ms: ms + 1000, not_after_ms: ms + 901000 });
  const object = { notice: signed(label('notice', plane), body, [xaa.officers[0], xaa.devices[0]]),
    releases: [signed(label('release', bend.releasePlane ?? plane), release, [xaa.officers[1], xaa.devices[1]])] };
  if (bend.authorSig) object.notice.sigs[0].sig[5] ^= 1;
  return { hash, content: wire.encode(wire.SignedNotice, object) };
};

// The signed Link of one number, as slot fields.
const link = (world, plane, hash, seq, prev) => {
  const [xaa, xbb] = world.states;
  const body = wire.encode(wire.Link, { ns: unhex(world.ns), plane, content_hash: hash, sender_device: unhex(xaa.devices[0].id),
    recipient_entity: unhex(xbb.entity), recipient_kind: xbb.kind, seq, prev });
  return { seq, prev, sig: wire.sign(unhex(xaa.devices[0].seed), label('link', plane), body), hash: H(label('link', plane), body) };
};
const contentPlain = (fileKey, link) => join(fileKey, u64be(link?.seq ?? 0), link?.prev ?? zeros(32), link?.sig ?? zeros(64), zeros(12));
const controlPlain = (fileKey, marks) => marks ? join(fileKey, zeros(4), ...marks.rows.flatMap(([seq, hash]) =>
  [u64be(seq), hash]), marks.sig, zeros(4)) : join(fileKey, zeros(192));

const hpkeSeal = async (pk, coins, info) => {
  const recipientPublicKey = await suite.kem.deserializePublicKey(pk);
  return suite.createSenderContext({ recipientPublicKey, info, ekm: coins.buffer });
};

// letter: kind, plane, precedence, content, contentHash, to: [{state, device, link or marks}]
const sealEnvelope = async (world, letter, bend = {}) => {
  const sender = world.states[0], device = sender.devices[0];
  const ns = unhex(world.ns), created = world.now_ms + 1500, isControl = letter.kind === SERVICE;
  const hedgeKey = letter.hedgeKey ?? randomBytes(32), random = letter.random ?? randomBytes(64);
  const seed = extract(sha256, join(random, letter.contentHash, u64be(created), u64be(letter.row)), hedgeKey);
  const fileKey = hkdf(seed, at('seal-file-key'), 32), salt = hkdf(seed, at('seal-salt'), 32);
  const keys = contentKeys(salt, fileKey);
  const bare = letter.to.map(({ state, device: no }) => ({ entity: unhex(world.states[state].entity), kind: world.states[state].kind,
    device: unhex(world.states[state].devices[no].id), prekey_id: unhex(world.states[state].devices[no].prekey_id) }));
  const contexts = await Promise.all(letter.to.map(({ state, device: no }, i) =>
    hpkeSeal(unhex(world.states[state].devices[no].prekey_pk), hkdf(seed, at('seal-kem', u32be(i)), 64), slotInfo(ns, bare[i]))));
  const plain = join([letter.kind], letter.content);
  const bucket = bucketOf(isControl, plain.length) * (bend.bucket ?? 1);
  if (bend.commit) keys.commit[0] ^= 1;
  const header = wire.encode(wire.Header, { version: 1, suite: 1, ns, envelope_id: hkdf(seed, at('seal-envelope-id'), 16),
    sender_entity: unhex(sender.entity), sender_device: unhex(device.id), plane: letter.plane, class: isControl ? 0 : 1,
    precedence: bend.precedence ?? letter.precedence, dir_version: 1, created_ms: created, expires_ms: letter.expires_ms ?? created + 86400000,
    salt, key_commit: keys.commit, ct_len: bucket + 16, slot_count: bare.length });
  const hh = H('hotline/v1/header-hash', header);
  const padded = join(plain, [bend.pad ?? 0x80], zeros(bucket - plain.length - 1));
  const ct = chacha20poly1305(keys.key, zeros(12), hh).encrypt(padded);
  const slots = await Promise.all(bare.map(async (slot, i) => {
    const slotPlain = letter.to[i].plain ? join(fileKey, letter.to[i].plain.slice(32))
      : isControl ? controlPlain(fileKey, letter.to[i].marks) : contentPlain(fileKey, letter.to[i].link);
    if (bend.slotZero) slotPlain[slotPlain.length - 1] = 1;
    const sealed = new Uint8Array(await contexts[i].seal(slotPlain, slotAad(hh, slot)));
    return wire.encode(wire.Slot, { ...slot, kem_ct: new Uint8Array(contexts[i].enc), sealed });
  }));
  return finish(device, letter.plane, { header, ct, slots });
};
const finish = (device, plane, { header, ct, slots }) => {
  const root = wire.treeRoot(slots);
  const sig = wire.sign(unhex(device.seed), label('envelope', plane), hashes(header, ct, root, slots.length).ehash);
  const { deposit } = hashes(header, ct, root, slots.length, sig);
  return { deposit, envelope: wire.encode(wire.Envelope, { header, ct, slots, sig }),
    deliver: (i) => wire.encode(wire.Delivered, { header, ct, slot: slots[i], slot_index: i, proof: wire.treePath(slots, i),
      slots_root: root, sig }) };
};
const noticeLetter = (world, plane, seq, prev, bend) => {
  const { hash, content } = writeNotice(world, plane, bend);
  const own = link(world, plane, hash, seq, prev);
  if (bend?.linkSig) own.sig[0] ^= 1;
  return { kind: NOTICE, plane, precedence: 4, content, contentHash: hash, row: seq, link: own,
    to: [{ state: 1, device: 1, link: own }, { state: 0, device: 1 }, { state: 1, device: 0, link: own }] };
};
const checkLetter = (world) => {
  const [xaa, xbb] = world.states;
  const device = xaa.devices[0], ns = unhex(world.ns);
  const body = wire.encode(wire.ServiceStatement, { ns, plane: 1, sender_entity: unhex(xaa.entity), sender_kind: xaa.kind,
    sender_device: unhex(device.id), at_ms: world.now_ms, service: { kind: 1, remark: 'from Node' }, journal_head: randomBytes(32),
    dir_version: 1, roster_version: 1, prekeys: [{ prekey_id: unhex(device.prekey_id), kind: 1, created_ms: world.now_ms }] });
  const hash = H(label('service', 1), body);
  const rows = [[41, randomBytes(32)], [0, zeros(32)], [0, zeros(32)]];
  const sig = wire.sign(unhex(device.seed), 'hotline/v1/marks', wire.encode(wire.Marks, { ns, service_hash: hash,
    sender_device: unhex(device.id), recipient_entity: unhex(xbb.entity), recipient_kind: xbb.kind, live_seq: 41, live_hash: rows[0][1],
    exercise_seq: 0, exercise_hash: rows[1][1], test_seq: 0, test_hash: rows[2][1] }));
  return { kind: SERVICE, plane: 1, precedence: 0, contentHash: hash, row: 9,
    content: wire.encode(wire.Signed, signed(label('service', 1), body, [device])),
    to: [{ state: 1, device: 0, marks: { rows, sig } }, { state: 1, device: 2, marks: { rows, sig } }, { state: 0, device: 1 }] };
};

// --- checks: C seals, Node opens -----------------------------------------------------------------------------------
const owner = (world, copy) => ({ state: world.states[copy.state], device: world.states[copy.state].devices[copy.device] });
const result = async (run) => { try { return await run(); } catch (error) {
  if (!(error instanceof Refused)) throw error;
  return error;
} };
const nodeOpens = (world, copy, depositHash, octets) => result(() => open(world, owner(world, copy), depositHash, octets));

const checkLettersOfC = async (world) => {
  for (const letter of world.letters) {
    for (const copy of letter.copies) {
      const name = `C seals a ${letter.name} and Node opens it as ${['XAA', 'XBB', 'XCC'][copy.state]}/${copy.device + 1}`;
      const opened = await nodeOpens(world, copy, unhex(letter.deposit_hash), unhex(copy.delivered));
      check(!(opened instanceof Refused) && hex(opened.content) === letter.content, name, opened.message);
    }
    const parts = wire.decode(wire.Envelope, unhex(letter.envelope));
    const header = wire.decode(wire.Header, parts.header);
    const root = wire.treeRoot(parts.slots);
    const again = letter.copies.every((copy) => parts.slots.some((slot, i) => hex(wire.encode(wire.Delivered, { ...parts, slot,
      slot_index: i, proof: wire.treePath(parts.slots, i), slots_root: root })) === copy.delivered));
    check(again && Number(header.slot_count) === parts.slots.length, `Node delivers the ${letter.name} of C in the same octets`);
  }
};

// The small world's randomness is known, so every octet of C's envelope can be made again: the key schedule, hedged coins and all.
const checkScheduleOfC = async (world) => {
  for (const letter of world.letters) {
    const opened = await Promise.all(letter.copies.map((copy) =>
      nodeOpens(world, copy, unhex(letter.deposit_hash), unhex(copy.delivered))));
    const index = (copy) => Number(wire.decode(wire.Delivered, unhex(copy.delivered)).slot_index);
    const to = letter.copies.map((copy, i) => ({ ...copy, plain: opened[i].plain, index: index(copy) }))
      .sort((left, right) => left.index - right.index);
    if (opened.some((one) => one instanceof Refused)) {
      check(false, `Node makes the ${letter.name} of C again`, 'not opened');
      continue;
    }
    const again = await sealEnvelope(world, { kind: opened[0].kind, plane: letter.plane, precedence: letter.precedence,
      content: opened[0].content, contentHash: opened[0].hash, row: letter.row, random: unhex(letter.random),
      hedgeKey: unhex(letter.hedge_key), expires_ms: letter.expires_ms, to });
    check(hex(again.envelope) === letter.envelope && hex(again.deposit) === letter.deposit_hash,
      `Node makes the ${letter.name} of C again from its randomness, octet for octet`);
  }
};

const flip = (octets, at) => { const copy = octets.slice(); copy[at] ^= 1 << at % 8; return copy; };
// Each octet in turn, one bit of it. Those that leave the announced hash wrong and those that a thief of the device key signed anew.
const checkFlipsOfC = async (world) => {
  const [letter] = world.letters, copy = letter.copies.find(({ state }) => state === 1);
  const octets = unhex(copy.delivered);
  let accepted = 0;
  for (let i = 0; i < octets.length; i++) {
    const opened = await nodeOpens(world, copy, unhex(letter.deposit_hash), flip(octets, i));
    if (!(opened instanceof Refused)) accepted++;
  }
  check(accepted === 0, `Node refuses what C sealed with one bit flipped, at each of ${octets.length} octets`, `${accepted} accepted`);
};

// A part of C's envelope damaged, then hashed and signed anew with the device key: found behind the signature. Step as section 8.
const damages = [['kem_ct', 7], ['sealed', 7], ['prekey_id', 6], ['device', 5], ['entity', 5], ['ct', 9], ['salt', 7], ['envelope_id', 7]];
const damage = (world, envelope, part) => {
  const parts = wire.decode(wire.Envelope, envelope);
  const header = wire.decode(wire.Header, parts.header);
  if (part === 'ct') parts.ct = flip(parts.ct, 100);
  else if (header[part]) parts.header = wire.encode(wire.Header, { ...header, [part]: flip(header[part], 3) });
  else parts.slots = parts.slots.map((octets) => {
    const slot = wire.decode(wire.Slot, octets);
    return wire.encode(wire.Slot, { ...slot, [part]: flip(slot[part], 9) });
  });
  return finish(world.states[0].devices[0], Number(header.plane), parts);
};
const checkDamageOfC = async (world) => {
  const [letter] = world.letters, copy = letter.copies.find(({ state }) => state === 1);
  const index = Number(wire.decode(wire.Delivered, unhex(copy.delivered)).slot_index);
  for (const [part, step] of damages) {
    const made = damage(world, unhex(letter.envelope), part);
    const opened = await nodeOpens(world, copy, made.deposit, made.deliver(index));
    check(opened.step === step, `Node refuses at step ${step} a bit of ${part} in what C sealed, signed anew`,
      opened.message ?? 'accepted');
  }
};

// --- checks: Node seals, C opens -----------------------------------------------------------------------------------
const entry = (letter, made, index) => ({ state: letter.to[index].state, device: letter.to[index].device,
  deposit_hash: hex(made.deposit), delivered: hex(made.deliver(index)), envelope: hex(made.envelope), index });
const sayWhy = (answer) => `${answer.result} at step ${answer.step}: ${answer.detail}`;

const checkLettersOfNode = async (world, peer) => {
  for (let plane = 1; plane <= 3; plane++) {
    let prev = zeros(32);
    for (let seq = 1; seq <= 2; seq++) {
      const letter = noticeLetter(world, plane, seq, prev);
      const made = await sealEnvelope(world, letter);
      const answers = callPeer(peer, 'open', letter.to.map((to, i) => entry(letter, made, i)));
      answers.forEach((answer, i) => {
        const isPeer = letter.to[i].state === 1;
        const isRight = answer.result === 'opened' && answer.content === hex(letter.content) &&
          answer.content_hash === hex(letter.contentHash) && answer.seq === (isPeer ? seq : 0) &&
          (!isPeer || (answer.prev === hex(prev) && answer.link_hash === hex(letter.link.hash)));
        check(isRight, `Node seals a ${wire.PLANES[plane]} notice number ${seq} and C opens slot ${i}`, sayWhy(answer));
      });
      const isSame = answers.every((answer, i) => answer.relay_deposit_hash === hex(made.deposit) &&
        answer.relay_delivered === hex(made.deliver(i)));
      check(isSame, `C as a relay takes the ${wire.PLANES[plane]} notice number ${seq} of Node and delivers the same octets`,
        answers[0].relay);
      prev = letter.link.hash;
    }
  }
  const letter = checkLetter(world);
  const made = await sealEnvelope(world, letter);
  callPeer(peer, 'open', letter.to.map((to, i) => entry(letter, made, i))).forEach((answer, i) =>
    check(answer.result === 'opened' && answer.content === hex(letter.content) && (i === 2 || answer.live_seq === 41),
      `Node seals a channel check and C opens slot ${i}`, sayWhy(answer)));
};

const checkFlipsOfNode = async (world, peer) => {
  const letter = noticeLetter(world, 1, 1, zeros(32));
  const made = await sealEnvelope(world, letter);
  const octets = made.deliver(0);
  const entries = [...octets.keys()].map((at) => ({
    state: 1, device: 1, deposit_hash: hex(made.deposit), delivered: hex(flip(octets, at)) }));
  const accepted = callPeer(peer, 'open', entries).filter((answer) => answer.result !== 'R').length;
  check(accepted === 0, `C refuses what Node sealed with one bit flipped, at each of ${octets.length} octets`, `${accepted} accepted`);
  for (const [part, step] of damages) {
    const bent = damage(world, made.envelope, part);
    const [answer] = callPeer(peer, 'open', [{ state: 1, device: 1, deposit_hash: hex(bent.deposit), delivered: hex(bent.deliver(0)) }]);
    check(answer.result !== 'opened' && answer.step === step, `C refuses at step ${step} a bit of ${part} in what Node sealed, signed anew`,
      sayWhy(answer));
  }
};

// Sealed wrongly on purpose, by a sender who holds all keys: both sides must stop at the same step.
const bends = [['slotZero', 1, 7], ['commit', 1, 8], ['pad', 0x81, 10], ['bucket', 2, 10], ['authorSig', 1, 11],
  ['releasePlane', 3, 11], ['precedence', 3, 12], ['otherSender', 1, 12], ['linkSig', 1, 13]];
const checkBends = async (world, peer) => {
  for (const [name, value, step] of bends) {
    const bend = { [name]: value };
    const letter = noticeLetter(world, 1, 1, zeros(32), bend);
    const made = await sealEnvelope(world, letter, bend);
    const [answer] = callPeer(peer, 'open', [{ ...entry(letter, made, 0), envelope: undefined }]);
    const opened = await nodeOpens(world, letter.to[0], made.deposit, made.deliver(0));
    check(answer.result === 'Q' && answer.step === step && opened.step === step, `a wrong ${name} stops C and Node at step ${step}`,
      `C ${sayWhy(answer)}; Node ${opened.message ?? 'accepted'}`);
  }
};

const [command, peer] = process.argv.slice(2);
if (command === 'check') {
  const world = callPeer(peer, 'seal');
  await checkLettersOfC(world);
  await checkScheduleOfC(world);
  await checkFlipsOfC(world);
  await checkDamageOfC(world);
  await checkLettersOfNode(world, peer);
  await checkFlipsOfNode(world, peer);
  await checkBends(world, peer);
  end();
} else if (command === 'open') {
  const world = await readStdin();
  const [letter] = world.letters, [copy] = letter.copies;
  console.log(hex((await open(world, owner(world, copy), unhex(letter.deposit_hash), unhex(copy.delivered))).content));
} else if (command === 'seal') {
  const world = await readStdin();
  const letter = noticeLetter(world, 1, 1, zeros(32));
  const made = await sealEnvelope(world, letter);
  console.log(JSON.stringify(letter.to.map((to, i) => entry(letter, made, i))));
} else {
  console.error('usage: seal.mjs check PEER | open | seal');
  process.exit(2);
}
