// vectors — every file of the public vectors, judged by the second implementation: each case must have its stated result.
//   vectors.mjs check DIR     (noise-xkhfs.json is judged by handshake.mjs)
import { existsSync, readFileSync } from 'node:fs';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { judge } from './bundle.mjs';
import { headNonce, laneStart, laneStep, leafData, verifyCustody, verifyHead, verifyHeadLanes } from './custody.mjs';
import { admit, admitPrekey, fingerprint } from './documents.mjs';
import { bucketOf, contentKeys, hashesOf, hpkeSeal, pad, prekeyOf, schedule, seal, unpad } from './envelope.mjs';
import { isAnswered } from './first.mjs';
import { openKeyFile } from './keyfile.mjs';
import { Stopped, displayedId } from './notice.mjs';
import { linkOf, open } from './open.mjs';
import { RESERVATION_1, checkReceipt, readReceipt, readService } from './receipt.mjs';
import { canonical } from './rules.mjs';
import { read, write } from './strict.mjs';
import { check, end } from './tap.mjs';
import { B, H, PAE, equal, hex, isZero, join, keyId, label, number, prekeyId, sign, text, treeRoot, unhex, verify, zeros } from './wire.mjs';

const directory = process.argv[3];
const load = (name) => JSON.parse(readFileSync(`${directory}/${name}.json`));
const attempt = (run) => { try { return { value: run() }; } catch (error) { return { error }; } };
const flip = (octets, at) => { const copy = octets.slice(); copy[at] ^= 1 << at % 8; return copy; };
const all = (list, run) => list.every(run);
const desk = ({ entity, kind }) => ({ entity: unhex(entity), kind: BigInt(kind) });
// Where one bit of each octet is flipped in turn, `accepts` must never do so.
const checkFlips = (what, octets, accepts) => {
  const accepted = [...octets.keys()].filter((at) => !attempt(() => accepts(flip(octets, at))).error);
  check(accepted.length === 0, `${what}: refused with a bit flipped, at each of ${octets.length} octets`, `accepted at ${accepted.slice(0, 9)}`);
};

// --- the world of the vectors ------------------------------------------------------------------------------------------
const federation = load('federation'), prekeys = load('prekeys'), sealed = load('seal-content'), notice = load('notice'), custody = load('custody');
const documentsOf = ({ documents: one }) => ({ root: unhex(one.root), directory: unhex(one.directory), timestamp: unhex(one.timestamp),
  nationalRoots: one.national_roots.map(unhex), rosters: one.rosters.map(unhex) });
const pinned = unhex(federation.root_v1_hash), trust = admit(documentsOf(federation), pinned);
const state = (code) => trust.states.find((one) => one.code === code);
const keysOf = (code) => federation.states.find((one) => one.code === code);
const prekeyFor = (name) => prekeys.prekeys.find(({ device }) => device === name);
const owner = (name) => {
  const [code, no] = name.split('/'), prekey = prekeyFor(name);
  return { entity: state(code).entity, kind: 2n, device: unhex(keysOf(code).devices[no - 1].key_id),
    prekeys: [{ id: unhex(prekey.prekey_id), seed: unhex(prekey.seed) }] };
};
const byDevice = (id) => federation.states.flatMap(({ devices }) => devices).find(({ key_id: own }) => own === id);

// --- files -----------------------------------------------------------------------------------------------------------
const checkConventions = () => {
  const file = load('conventions'), hello = text('hello');
  check(all(file.pae, (one) => hex(PAE(one.type, unhex(one.body))) === one.pae && hex(H(one.type, unhex(one.body))) === one.H), 'conventions: PAE and H');
  check(all(file.plane_labels, (one) => label(one.object, one.plane) === one.label && hex(H(one.label, hello)) === one.H_of_hello), 'conventions: labels of the planes');
  check(attempt(() => label('notice', 4)).error && attempt(() => label('notice', 0)).error, 'conventions: no label for planes 0 and 4');
  const { seed, pk, key_id: id, type, body, sig } = file.sign;
  check(hex(ed25519.getPublicKey(unhex(seed))) === pk && hex(keyId(unhex(pk))) === id && hex(sign(unhex(seed), type, unhex(body))) === sig, 'conventions: SIG and key_id');
  check(hex(B(unhex(file.B.in))) === file.B.out, 'conventions: B');
  check(all(file.padding, (one) => bucketOf(false, one.len_with_kind_octet) === one.bucket), 'conventions: buckets');
  check(hex(pad(unhex(file.pad_example.in), file.pad_example.bucket)) === file.pad_example.out && hex(unpad(unhex(file.pad_example.out))) === file.pad_example.in, 'conventions: padding');
  check(displayedId(1, unhex(file.display_id.notice_hash)) === file.display_id.id, 'conventions: displayed id');
  const { preimage, preimage_len: len, hash } = file.reservation;
  check(hex(H('hotline/v1/reservation', unhex(preimage))) === hash && hash === RESERVATION_1 && preimage.length / 2 === len, 'conventions: reservation 1');
};
const checkStrict = () => {
  const file = load('strict-ed25519'), message = Buffer.from(unhex(file.msg)), [, type, body] = message.toString('latin1').match(/^DSSEv1 \d+ (\S+) \d+ (.*)$/s);
  for (const one of file.cases)
    check(verify(unhex(one.pk), type, Uint8Array.from(Buffer.from(body, 'latin1')), unhex(one.sig)) === one.ok, `strict-ed25519: ${one.name} is ${one.ok ? 'good' : 'refused'}`);
};
const checkCanonical = () => {
  for (const one of load('canonical').cases) {
    const { value, error } = attempt(() => read(one.message, unhex(one.bytes)));
    check(one.ok ? !error && hex(write(one.message, value)) === one.bytes : error, `canonical: ${one.message}, ${one.name}, is ${one.ok ? 'read' : 'refused'}`, error?.message);
  }
};
const allKeys = () => [...Object.values(federation.keys).flat(), ...federation.relays.flatMap((one) => [one.sign, one.log]),
  ...federation.states.flatMap(({ national, devices, officers }) => [...national, ...devices, ...officers])];
const checkFederation = () => {
  check(hex(trust.ns) === federation.ns && hex(trust.root.hash) === federation.root_v1_hash && hex(trust.directory.hash) === federation.directory_hash, 'federation: admitted; ns and hashes');
  check(all(allKeys(), (one) => hex(ed25519.getPublicKey(unhex(one.seed))) === one.pk && hex(keyId(unhex(one.pk))) === one.key_id), 'federation: keys and key_ids');
  check(all(federation.relays, (one) => hex(trust.relay(unhex(one.id)).log_pk) === one.log.pk && trust.relay(unhex(one.id)).log_origin === one.log_origin &&
    hex(sha256(join(text(`${one.log_origin}\n`), [1], unhex(one.log.pk))).slice(0, 4)) === one.note_key_hash &&
    hex(x25519.getPublicKey(unhex(one.noise_sk))) === one.noise_pk), 'federation: relays and their note keys');
  check(all(federation.states.flatMap(({ devices }) => devices), (one) => hex(H('hotline/v1/cert', unhex(one.cert))) === one.cert_hash), 'federation: cert_hash');
  for (const one of federation.fingerprints) {
    const made = fingerprint(trust.state(unhex(one.entity)).national.body);
    check(hex(made.F) === one.F && made.groups.join() === one.groups.join() && made.check === one.check, `federation: fingerprint of ${trust.state(unhex(one.entity)).code}`);
  }
  check(attempt(() => admit(documentsOf(federation), flip(pinned, 3))).error, 'federation: refused under another pinned root');
  const base = documentsOf(federation);
  for (const name of ['root', 'directory', 'timestamp']) checkFlips(`federation, ${name}`, base[name], (octets) => admit({ ...base, [name]: octets }, pinned));
  for (const name of ['nationalRoots', 'rosters'])
    checkFlips(`federation, first of ${name}`, base[name][0], (octets) => admit({ ...base, [name]: [octets, ...base[name].slice(1)] }, pinned));
};
const checkDocuments = () => {
  for (const one of load('documents-negative').cases) {
    const documents = documentsOf(federation);
    if (one.replaced === 'rosters') documents.rosters[0] = unhex(one.bytes);
    else documents[one.replaced] = unhex(one.bytes);
    check(attempt(() => admit(documents, pinned)).error, `documents-negative: ${one.name} is refused`);
  }
};
const checkPrekeys = () => {
  for (const one of prekeys.prekeys) {
    const { value, error } = attempt(() => admitPrekey(trust, unhex(one.doc), federation.now_ms));
    check(!error && hex(value.id) === one.prekey_id && hex(value.hash) === one.body_hash && equal(value.pk, prekeyOf(unhex(one.seed))) &&
      hex(value.device) === one.device_id, `prekeys: ${one.device}`, error?.message);
  }
  checkFlips('prekeys', unhex(prekeys.prekeys[0].doc), (octets) => admitPrekey(trust, octets, federation.now_ms));
};

// --- envelopes ---------------------------------------------------------------------------------------------------------
const SLOT_FIELDS = ['coins', 'info', 'aad', 'plain', 'sealed', 'slot'];
const checkSealed = (name, file, { kind, content, contentHash, created }) => {
  const device = byDevice(file.sender_device), header = canonical('EnvelopeHeader', unhex(file.header));
  const made = schedule({ hedgeKey: unhex(file.hedge_key ?? device.hedge_key), random: unhex(file.rnd64), contentHash, createdMs: created,
    row: number(unhex(file.ikm).slice(104)) }); // journal_row says 1 in every file

  check(['ikm', 'seed', 'fileKey', 'salt', 'envelopeId'].every((one) => hex(made[one]) === file[{ fileKey: 'file_key', envelopeId: 'envelope_id' }[one] ?? one]), `${name}: hedged randomness`);
  const slots = file.slots.map((one) => {
    const { entity, kind: deskKind, device: id, prekey_id: prekey } = canonical('Slot', unhex(one.slot));
    return { entity, kind: deskKind, device: id, prekey_id: prekey, pk: prekeyOf(unhex(prekeys.prekeys.find((own) => own.prekey_id === hex(prekey)).seed)), rest: unhex(one.plain).slice(32) };
  });
  const again = seal({ header, kind, content, made, slots, seed: unhex(device.seed) });
  check(all(file.slots, (one, i) => SLOT_FIELDS.every((field) => hex(again.parts[i][field]) === one[field]) && hex(again.parts[i].shared) === one.xwing_ss &&
    hex(again.parts[i].key) === one.hpke_key && hex(again.parts[i].nonce) === one.hpke_base_nonce), `${name}: coins, HPKE and plaintext of each slot`);
  check([['prk', 'prk'], ['K_c', 'key'], ['key_commit', 'commit'], ['header', 'header'], ['hh', 'hh'], ['padded_plaintext', 'padded'], ['ct', 'ct'],
    ['slots_root', 'slotsRoot'], ['ehash', 'ehash'], ['sig', 'sig'], ['deposit_hash', 'deposit'], ['envelope', 'octets']]
    .every(([field, own]) => hex(again[own]) === file[field]) && hex(B(again.ct)) === file.ct_hash, `${name}: made again, octet for octet`);
  return again;
};
const openTo = (name, again, index) => open(trust, owner(name), again.deliver(index), again.deposit, federation.now_ms + 100);
const checkNotice = () => {
  const body = unhex(notice.body), hash = H(label('notice', 1), body), signed = canonical('SignedNotice', unhex(notice.signed_notice));
  check(hex(PAE(label('notice', 1), body)) === notice.pae_for_signature && hex(hash) === notice.notice_hash && displayedId(1, hash) === notice.display_id, 'notice: hash and displayed id');
  const again = (type, octets, own) => own.every(({ key_id: id, sig }) => [...keysOf('XAA').devices, ...keysOf('XAA').officers].some((one) => one.key_id === id && hex(sign(unhex(one.seed), type, octets)) === sig));
  check(again(label('notice', 1), body, notice.sigs) && again(label('release', 1), unhex(notice.release_body), notice.release_sigs), 'notice: signatures of author, releaser and their devices');
  check(hex(write('SignedNotice', { notice: { body, sigs: signed.notice.sigs }, releases: signed.releases })) === notice.signed_notice &&
    hex(signed.releases[0].body) === notice.release_body && canonical('Notice', body).check_word === notice.check_word, 'notice: SignedNotice');
};
const checkSealContent = () => {
  const again = checkSealed('seal-content', sealed, { kind: 1, content: unhex(notice.signed_notice), contentHash: unhex(notice.notice_hash), created: sealed.created_ms });
  const link = canonical('Link', unhex(sealed.links[0].body)), header = canonical('EnvelopeHeader', unhex(sealed.header));
  const made = linkOf(header, link.content_hash, { entity: link.recipient_entity, kind: link.recipient_kind }, link.seq, link.prev);
  check(hex(made.body) === sealed.links[0].body && hex(made.hash) === sealed.links[0].link_hash &&
    hex(sign(unhex(keysOf('XAA').devices[0].seed), label('link', 1), made.body)) === sealed.links[0].sig, 'seal-content: Link');
  ['XBB/1', 'XBB/2', 'XAA/2'].forEach((name, i) => {
    const { value, error } = attempt(() => openTo(name, again, i));
    check(!error && hex(value.content) === notice.signed_notice && value.seq === (i < 2 ? 1n : 0n), `seal-content: ${name} opens it`, error?.message);
  });
};
const checkPlanes = () => {
  const last = {};
  for (const one of load('planes').notices) {
    const { value, error } = attempt(() => open(trust, owner('XBB/1'), unhex(one.delivered), unhex(one.deposit_hash), federation.now_ms + 100));
    const isRight = !error && hex(value.hash) === one.notice_hash && displayedId(one.plane, value.hash) === one.display_id && hex(value.linkHash) === one.link_hash &&
      hex(linkOf(value.header, value.hash, owner('XBB/1'), value.seq, value.prev).body) === one.link_body && hex(value.plain.slice(72, 136)) === one.link_sig &&
      value.marks.length === 0 && (last[one.plane] ? equal(value.prev, last[one.plane]) : isZero(value.prev));
    check(isRight, `planes: ${one.display_id} opens without a mark, its Link behind the one before`, error?.message);
    last[one.plane] = value?.linkHash;
  }
};
const checkOpening = () => {
  for (const { name, expect, delivered, deposit_hash: deposit } of load('open-negative').cases) {
    const { value, error } = attempt(() => open(trust, owner('XBB/1'), unhex(delivered), unhex(deposit), 1795000000100));
    if (error && !(error instanceof Stopped)) throw error;
    const isRight = error ? error.result === expect.result && error.step === expect.step && error.reason === expect.reason
      : expect.result === 'opened' && value.marks.join() === expect.marks.join();
    check(isRight, `open-negative: ${name} ends in ${expect.result}${expect.step ? ` at step ${expect.step}` : ` ${expect.marks.join()}`}`,
      error ? `${error.result} ${error.step} ${error.reason} ${error.message}` : value.marks.join());
  }
};
const checkHedging = () => {
  const file = load('hedging'), devices = ['XAA', 'XBB'].flatMap((code) => [1, 2].map((no) => `${code}/${no}`));
  const pks = devices.map((name) => prekeyOf(unhex(prekeyFor(name).seed))), seen = new Set();
  file.seals.forEach((one) => {
    const made = schedule({ hedgeKey: unhex(file.hedge_key), random: unhex(one.rnd64), contentHash: unhex(one.content_hash), createdMs: file.created_ms, row: one.row });
    check(hex(made.fileKey) === one.file_key && hex(made.salt) === one.salt && hex(made.envelopeId) === one.envelope_id && hex(contentKeys(made.salt, made.fileKey).key) === one.K_c &&
      one.coins.every((coins, i) => hex(made.coins(i)) === coins), `hedging: keys and coins of row ${one.row}`);
    check(one.kem_ct_hash.every((hash, i) => pks.some((pk) => hex(B(hpkeSeal(pk, unhex(one.coins[i]), zeros(0), zeros(0), zeros(0)).enc)) === hash)), `hedging: encapsulations of row ${one.row}`);
    [one.file_key, one.salt, one.envelope_id, one.K_c, ...one.coins].forEach((octets) => seen.add(octets));
  });
  check(seen.size === file.seals.length * 7, 'hedging: equal randomness shares nothing');
};

// --- custody -----------------------------------------------------------------------------------------------------------
const relay = () => trust.relay(unhex(custody.relay_id));
const expected = () => ({ ns: trust.ns, relay: relay(), depositHash: unhex(sealed.deposit_hash), plane: 1n, from: desk(custody.lane.from) });
const toXbb = () => ({ ...expected(), desk: desk(custody.lane.to), laneSeq: 6n, laneHead: unhex(custody.lane.heads[5]) });
const checkCustody = () => {
  const { lane } = custody, leaf = leafData(unhex(custody.body)), body = canonical('Custody', unhex(custody.body));
  let head = laneStart(trust.ns, relay().id, desk(lane.from), desk(lane.to), 1);
  check(hex(head) === lane.head_0 && lane.deposits.every((one, i) => hex(head = laneStep(head, i + 1, unhex(one))) === lane.heads[i]), 'custody: lane heads');
  check(hex(leaf) === custody.leaf_data && hex(treeRoot([leaf])) === custody.leaf_hash && custody.leaves.at(-1) === custody.leaf_hash &&
    hex(custody.leaves.length === 6 && rootOfHashes(custody.leaves.map(unhex))) === custody.root, 'custody: leaf and root');
  check(hex(treeRoot(custody.lane_marks.map(unhex))) === hex(body.lanes_root), 'custody: lanes_root');
  check(!attempt(() => verifyCustody(unhex(custody.receipt_recipient), toXbb())).error, 'custody: the recipient’s form verifies and covers');
  check(!attempt(() => verifyCustody(unhex(custody.receipt_sender), { ...expected(), slotDesks: [desk(lane.from), desk(lane.to)] })).error, 'custody: the sender’s form verifies and covers');
  check(attempt(() => verifyCustody(unhex(custody.receipt_sender), { ...expected(), slotDesks: [desk(lane.to)] })).error, 'custody: the sender’s form fails where a lane has no slot');
  checkFlips('custody, recipient’s form', unhex(custody.receipt_recipient), (octets) => verifyCustody(octets, toXbb()));
  checkFlips('custody, sender’s form', unhex(custody.receipt_sender), (octets) => verifyCustody(octets, { ...expected(), slotDesks: [desk(lane.from), desk(lane.to)] }));
  const deliver = canonical('Deliver', unhex(custody.deliver_message)), stub = canonical('Stub', unhex(custody.stub));
  const opened = attempt(() => open(trust, owner('XBB/1'), deliver.delivered, deliver.deposit_hash, federation.now_ms + 100)), count = 3;
  check(!opened.error && hex(deliver.delivered) === custody.delivered_to_XBB_1 && hex(write('CustodyReceipt', deliver.custody)) === custody.receipt_recipient &&
    equal(deliver.lane_head, toXbb().laneHead), 'custody: Deliver opens and its custody covers', opened.error?.message);
  const slotsRoot = stub.slots_root, made = hashesOf({ header: stub.header, ct: unhex(sealed.ct), slotsRoot, count, sig: stub.sig });
  check(hex(made.deposit) === sealed.deposit_hash && hex(stub.ct_hash) === sealed.ct_hash, 'custody: Stub');
  const { m, n, root_m: rootM, proof } = custody.consistency;
  check(isConsistent(m, n, unhex(rootM), unhex(custody.root), proof.map(unhex)), 'custody: consistency of 3 and 6 leaves');
};
const node = (left, right) => sha256(join([1], left, right));
const rootOfHashes = (hashes) => {
  if (hashes.length === 1) return hashes[0];
  const k = 2 ** Math.floor(Math.log2(hashes.length - 1));
  return node(rootOfHashes(hashes.slice(0, k)), rootOfHashes(hashes.slice(k)));
};
// RFC 9162, 2.1.4.2.
const isConsistent = (first, second, firstRoot, secondRoot, proof) => {
  const path = Number.isInteger(Math.log2(first)) ? [firstRoot, ...proof] : proof;
  let fn = first - 1, sn = second - 1;
  while (fn & 1) [fn, sn] = [fn >> 1, sn >> 1];
  let [fr] = path, sr = fr;
  for (const one of path.slice(1)) {
    if (sn === 0) return false;
    if (fn & 1 || fn === sn) {
      [fr, sr] = [node(one, fr), node(one, sr)];
      while (!(fn & 1) && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else sr = node(sr, one);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 && equal(fr, firstRoot) && equal(sr, secondRoot);
};
const checkCustodyNegative = () => {
  const file = load('custody-negative'), { expect_fields: want } = file;
  for (const one of file.cases) {
    const { error } = attempt(() => verifyCustody(unhex(one.receipt), { ns: unhex(want.ns), relay: trust.relay(unhex(want.relay)), depositHash: unhex(want.deposit_hash),
      plane: BigInt(want.plane), from: desk(want.from), desk: desk(want.desk), laneSeq: BigInt(want.lane_seq), laneHead: unhex(want.lane_head) }));
    check(!error === one.ok, `custody-negative: ${one.name} is ${one.ok ? 'good' : 'refused'}`, error?.message);
  }
};
const checkHeads = () => {
  const file = load('heads');
  check(hex(headNonce(unhex(file.r), unhex(file.c))) === file.nonce_committed && hex(headNonce(unhex(file.r), zeros(32))) === file.nonce_ordinary && file.c === custody.leaf_hash, 'heads: nonces');
  for (const [name, one] of [['head', file], ['suppressing head', file.suppressing]]) {
    const proof = canonical('HeadProof', unhex(one.head_proof)), head = verifyHead(proof.head, relay(), trust.ns), held = canonical('Custody', proof.custody);
    verifyHeadLanes(head, [proof.lane]);
    const isCommitted = equal(head.nonce, headNonce(proof.nonce_random, sha256(join([0], leafData(proof.custody)))));
    const convicts = isCommitted && equal(held.deposit_hash, unhex(sealed.deposit_hash)) && proof.lane.seq < 6n;
    check(hex(write('Signed', proof.head)) === one.head && convicts === one.convicts, `heads: the ${name} ${one.convicts ? 'convicts' : 'does not convict'}`);
  }
};

// --- what comes back -----------------------------------------------------------------------------------------------------
const ourDeposit = () => {
  const { to, precedence, check_word: checkWord } = canonical('Notice', unhex(notice.body));
  return { deposit: unhex(sealed.deposit_hash), contentHash: unhex(notice.notice_hash), plane: 1n, entity: state('XAA').entity, device: unhex(sealed.sender_device),
    precedence, checkWord, isAddressed: (by) => to.some((one) => equal(one.desk.entity, by.entity) && one.desk.kind === by.kind) };
};
const judgeReceipt = (octets) => checkReceipt(readReceipt(trust, octets), ourDeposit(), unhex(keysOf('XBB').devices[0].key_id));
const checkReceipts = () => {
  let prev = zeros(32);
  for (const one of load('receipts').receipts) {
    const { value, error } = attempt(() => judgeReceipt(unhex(one.signed))), header = canonical('EnvelopeHeader', unhex(one.envelope.header));
    check(!error && hex(value.hash) === one.body_hash && hex(value.signed.body) === one.body && equal(value.prev_receipt, prev) && hex(prev) === one.prev_receipt, `receipts: ${one.kind} is valid and chained`, error?.message);
    const again = checkSealed(`receipts, ${one.kind}`, one.envelope, { kind: 2, content: unhex(one.signed), contentHash: unhex(one.body_hash), created: header.created_ms });
    ['XAA/1', 'XAA/2', 'XBB/2'].forEach((name, i) => {
      const opened = attempt(() => openTo(name, again, i));
      check(!opened.error && opened.value.kind === 2 && hex(opened.value.content) === one.signed && isZero(opened.value.plain.slice(32)), `receipts, ${one.kind}: ${name} opens it`, opened.error?.message);
    });
    checkFlips(`receipts, ${one.kind}`, unhex(one.signed), judgeReceipt);
    prev = unhex(one.body_hash);
  }
};
const checkReceiptsNegative = () => {
  for (const one of load('receipts-negative').cases) {
    const { error } = attempt(() => judgeReceipt(unhex(one.signed)));
    check(!error === one.ok, `receipts-negative: ${one.name} is ${one.ok ? 'valid' : 'refused'}`, error?.message);
  }
};
const checkChannelCheck = () => {
  const file = load('channel-check'), body = unhex(file.service_body), device = keysOf('XAA').devices[0];
  const content = write('Signed', { body, sigs: [{ key_id: unhex(device.key_id), sig: sign(unhex(device.seed), label('service', 1), body) }] });
  const again = checkSealed('channel-check', file, { kind: 3, content, contentHash: unhex(file.service_hash), created: canonical('EnvelopeHeader', unhex(file.header)).created_ms });
  ['XBB/1', 'XBB/2', 'XAA/2'].forEach((name, i) => {
    const { value, error } = attempt(() => { const opened = openTo(name, again, i); return readService(trust, opened.content, opened, opened.plain, owner(name)); });
    check(!error && hex(value.hash) === file.service_hash && (i === 2 ? !value.marks : hex(value.marks.body) === file.marks_body && value.marks.live.seq === 1n), `channel-check: ${name} reads it`, error?.message);
  });
  check(hex(sign(unhex(device.seed), 'hotline/v1/marks', unhex(file.marks_body))) === file.marks_sig, 'channel-check: signature of the Marks');
};
const checkBundle = () => {
  const file = load('bundle'), octets = unhex(file.bundle), made = judge(octets, unhex(file.root_v1_hash)), { verdict } = file;
  check(made.records?.map(({ type }) => type).join() === file.record_types.join(), 'bundle: records');
  check(made.result === verdict.result && made.plane === 1n && verdict.remarks.every((one, i) => one.endsWith(made.remarks[i])), `bundle: the verdict is ${verdict.result}`, `${made.result} ${made.what ?? made.remarks.join()}`);
  const fits = (own, one) => own.claim === one.claim && (!one.basis || one.basis === own.basis) && (!one.persons || one.persons === own.persons) &&
    (!one.at || BigInt(one.at) === own.at) && (!one.disposition || BigInt(one.disposition) === own.disposition);
  check(made.claims.length === verdict.claims.length && verdict.claims.every((one, i) => fits(made.claims[i], one)), 'bundle: the claims are those of the file');
  check(judge(octets, flip(unhex(file.root_v1_hash), 0)).result === 'INVALID', 'bundle: INVALID under another root');
  const valid = [...octets.keys()].filter((at) => judge(flip(octets, at)).result !== 'INVALID');
  check(valid.length === 0, `bundle: INVALID with a bit flipped, at each of ${octets.length} octets`, `valid at ${valid.slice(0, 9)}`);
  const cut = [...octets.keys()].filter((at) => judge(octets.slice(0, at)).result !== 'INVALID');
  check(cut.length === 0, 'bundle: INVALID cut off, at each length', `valid at ${cut.slice(0, 9)}`);
};
const checkKeyFiles = () => {
  const { device_raw: device, officer_argon2: officer, prekeys: ring } = load('keyfile'), entity = hex(state('XAA').entity), own = keysOf('XAA').devices[0];
  const opened = openKeyFile(unhex(device.file), unhex(device.secret));
  check(hex(opened.plain) === device.plain && hex(opened.seed) === own.seed && hex(opened.noise) === own.noise_sk && hex(opened.deskWrap) === own.desk_wrap &&
    hex(opened.hedgeKey) === own.hedge_key && hex(opened.entity) === entity && hex(opened.ns) === federation.ns, 'keyfile: a device’s, raw');
  check(hex(openKeyFile(unhex(officer.file), text(officer.passphrase_utf8)).seed) === keysOf('XAA').officers[0].seed, 'keyfile: an officer’s, Argon2id');
  const [first] = openKeyFile(unhex(ring.file), unhex(ring.desk_wrap)).prekeys, published = prekeyFor('XAA/1');
  check(hex(first.seed) === published.seed && hex(first.id) === published.prekey_id && first.kind === 1 && hex(prekeyId(prekeyOf(first.seed))) === hex(first.id), 'keyfile: prekeys under the desk_wrap');
  checkFlips('keyfile, device', unhex(device.file), (octets) => openKeyFile(octets, unhex(device.secret)));
  check(attempt(() => openKeyFile(unhex(officer.file), text('wrong horse'))).error, 'keyfile: a wrong pass-phrase is refused');
};
const checkFirst = () => {
  const relayOf = { ns: trust.ns, relayId: relay().id, staticKey: unhex(load('noise-xkhfs').resp_static_sk) };
  for (const one of load('noise-first-negative').cases)
    check(isAnswered(unhex(one.wire1), relayOf) === one.answered, `noise-first-negative: ${one.name} is ${one.answered ? 'answered' : 'closed in silence'}`);
};

if (!existsSync(`${directory}/federation.json`)) throw new Error(`no vectors in ${directory}`);
[checkConventions, checkStrict, checkCanonical, checkFederation, checkDocuments, checkPrekeys, checkNotice, checkSealContent, checkPlanes, checkOpening, checkHedging,
  checkCustody, checkCustodyNegative, checkHeads, checkReceipts, checkReceiptsNegative, checkChannelCheck, checkBundle, checkKeyFiles, checkFirst].forEach((run) => {
  const started = Date.now();
  run();
  if (process.env.INTEROP_TIMES) console.error(run.name, Date.now() - started);
});
end();
