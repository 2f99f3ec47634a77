// desk — a desk's terminal in Node, with the keys of a sandbox: publishes its prekey, sends a notice, takes deliveries, answers.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import { verifyCustody } from './custody.mjs';
import { admit, admitPrekey } from './documents.mjs';
import { schedule, seal } from './envelope.mjs';
import { openKeyFile } from './keyfile.mjs';
import { linkOf, open } from './open.mjs';
import { checkReceipt, readReceipt } from './receipt.mjs';
import { Session } from './session.mjs';
import { write } from './strict.mjs';
import { H, equal, join, keyId, label, sign, text, u64be, zeros } from './wire.mjs';

const DAY = 86400000, WORDS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const read = (path) => Uint8Array.from(readFileSync(path));
const random = (len) => Uint8Array.from(randomBytes(len));
export const readDocuments = (directory, codes) => ({ root: read(`${directory}/root-1.bin`), directory: read(`${directory}/directory.bin`),
  timestamp: read(`${directory}/timestamp.bin`), nationalRoots: codes.map((code) => read(`${directory}/national-${code}-1.bin`)),
  rosters: codes.map((code) => read(`${directory}/roster-${code}.bin`)) });
export const passphraseOf = (federation) => text(readFileSync(`${federation}/passphrase`, 'utf8').trim());

export class Desk {
  constructor(federation, code, trust) {
    const at = `${federation}/states/${code}`, device = openKeyFile(read(`${at}/officer1/device.hlk`), read(`${at}/officer1/device.secret`));
    const ring = openKeyFile(read(`${at}/officer1/prekeys.hlk`), device.deskWrap).prekeys;
    const officers = [1, 2].map((no) => openKeyFile(read(`${at}/officer${no}/officer.hlk`), passphraseOf(federation)));
    const withId = (one) => ({ ...one, id: keyId(ed25519.getPublicKey(one.seed)) });
    Object.assign(this, { trust, code, device: withId(device), officers: officers.map(withId), ring, row: 1000, links: new Map(), mailbox: new Map() });
    this.own = { entity: device.entity, kind: 2n, device: this.device.id, prekeys: ring };
    this.prekeysOf = new Map();
  }
  async connect(relay) {
    const cert = this.trust.cert(this.own.entity, this.device.id);
    const session = await Session.start({ relay, ns: this.trust.ns, staticKey: this.device.noise,
      hello: { entity: this.own.entity, device: this.device.id, cert_hash: cert.hash, root_version: 1, directory_version: 1, timestamp_version: 1, roster_version: 1 } });
    return { session, relay, welcome: await session.receive('Welcome') };
  }
  signed(type, body, keys) {
    const sigs = keys.map(({ id, seed }) => ({ key_id: id, sig: sign(seed, type, body) }));
    return { body, sigs, octets: write('Signed', { body, sigs }), hash: H(type, body) };
  }

  // --- prekeys -------------------------------------------------------------------------------------------------------
  async publish({ session }, pk) {
    const [one] = this.ring;
    const body = write('Prekey', { ns: this.trust.ns, entity: this.own.entity, device: this.device.id, pk, kind: one.kind, created_ms: one.createdMs,
      not_after_ms: one.notAfterMs, prev_hash: one.prevHash ?? zeros(32) });
    const { sigs } = this.signed('hotline/v1/prekey', body, [this.device]);
    session.send('PrekeyPut', { req: 1, prekey: [{ body, sigs }] });
    return (await session.receive('PutResult')).code ?? 0n;
  }
  // The newest verified key of each device of a desk.
  async fetch({ session }, desk) {
    session.send('PrekeyGet', { req: 2, desks: [desk] });
    const newest = new Map();
    for (let isLast = false; !isLast;) {
      const result = await session.receive('PrekeyResult');
      for (const one of result.prekey) {
        const prekey = admitPrekey(this.trust, write('Signed', one), Date.now()), before = newest.get(String(prekey.device));
        if (!before || prekey.created_ms > before.created_ms) newest.set(String(prekey.device), prekey);
      }
      isLast = result.last === true;
    }
    return [...newest.values()];
  }

  // --- out -----------------------------------------------------------------------------------------------------------
  seal({ kind, content, contentHash, plane = 1, precedence, slots, days, header = {} }) {
    const now = Date.now(), made = schedule({ hedgeKey: this.device.hedgeKey, random: random(64), contentHash, createdMs: now, row: ++this.row });
    return seal({ kind, content, made, seed: this.device.seed, slots, header: { ns: this.trust.ns, sender_entity: this.own.entity, sender_device: this.device.id,
      plane, class: kind === 1 ? 1 : 0, precedence, dir_version: this.trust.directory.body.version, created_ms: now, expires_ms: now + days * DAY, ...header } });
  }
  slot(prekey, rest) {
    return { entity: prekey.entity, kind: prekey.cert.desks[0], device: prekey.device, prekey_id: prekey.id, pk: prekey.pk, rest };
  }
  // A notice of two persons to one desk, sealed for those prekeys; `words` is its text.
  writeNotice(to, prekeys, words, precedence = 3) {
    const [author, releaser] = this.officers, { ns, directory } = this.trust, now = Date.now(), sender = { entity: this.own.entity, kind: 2 };
    const checkWord = Array.from(randomBytes(4), (octet) => WORDS[octet & 31]).join('');
    const notice = this.signed(label('notice', 1), write('Notice', { version: 1, type: 10, plane: 1, sender, to: [{ desk: to, action: true, precedence }],
      precedence, tlp: 3, requested_action: [2], text: [{ lang: 'en', body: words, authoritative: true }], subject: 'From Node', check_word: checkWord,
      incident: { incident_id: random(16), category: 6, sector: [1], status: 2, detected: { unix_ms: now }, severity: 4, suspected_malicious: 3, cross_border: 2,
        critical_infrastructure: 2, why_you: 1, attribution: 1, confidence: 3, next_update_by: { unix_ms: now + DAY } }, ns, notice_id: random(16),
      draft_device: this.device.id, author: author.id, dir_version: directory.body.version, dir_hash: directory.hash, drafted_ms: now, persons: 2 }), [author, this.device]);
    const release = this.signed(label('release', 1), write('Release', { ns, plane: 1, notice_hash: notice.hash, releaser: releaser.id, releaser_device: this.device.id,
      sender_device: this.device.id, released_ms: now, not_after_ms: now + 7200000 }), [releaser, this.device]);
    const content = write('SignedNotice', { notice: { body: notice.body, sigs: notice.sigs }, releases: [{ body: release.body, sigs: release.sigs }] });
    const { seq, prev } = this.links.get(String(to.entity)) ?? { seq: 1n, prev: zeros(32) };
    const header = { ns, plane: 1n, sender_device: this.device.id }, link = linkOf(header, notice.hash, to, seq, prev);
    this.links.set(String(to.entity), { seq: seq + 1n, prev: link.hash });
    const rest = join(u64be(seq), prev, sign(this.device.seed, label('link', 1), link.body), zeros(12));
    const sealed = this.seal({ kind: 1, content, contentHash: notice.hash, precedence, days: 30, slots: prekeys.map((one) => this.slot(one, rest)) });
    return { sealed, hash: notice.hash, checkWord, precedence: BigInt(precedence), to };
  }
  // Submits to one relay; the custody receipt must verify and cover. `part`: octets a fragment.
  async submit({ session, relay }, sealed, slotDesks, part) {
    session.send('Submit', { req: 7, envelope: sealed.octets }, part);
    const { code = 0n, receipt } = await session.receive('SubmitResult');
    if (code > 1n) return { code };
    return { code, custody: verifyCustody(write('CustodyReceipt', receipt), { ns: this.trust.ns, relay: this.trust.relay(relay.id), depositHash: sealed.deposit, plane: 1n,
      from: { entity: this.own.entity, kind: 2n }, slotDesks }) };
  }
  // A receipt about an opened notice, sealed to the devices of its sender.
  answer(opened, kind, prekeys, fields = {}, officer = undefined) {
    const { header, notice, hash, deposit } = opened, body = write('Receipt', { ns: this.trust.ns, kind, plane: header.plane, about: 1, content_hash: hash, deposit_hash: deposit,
      to_entity: header.sender_entity, to_device: header.sender_device, by_entity: this.own.entity, by_kind: 2, by_device: this.device.id, at_ms: Date.now(),
      prev_receipt: this.lastReceipt ?? zeros(32), dir_version: this.trust.directory.body.version, officer: officer?.id,
      check_word: officer ? notice.check_word.toLowerCase() : undefined, ...fields });
    const receipt = this.signed(label('receipt', header.plane), body, [this.device, ...(officer ? [officer] : [])]);
    this.lastReceipt = receipt.hash;
    return this.seal({ kind: 2, content: receipt.octets, contentHash: receipt.hash, slots: prekeys.map((one) => this.slot(one, zeros(192))), days: 14 });
  }

  // --- in ------------------------------------------------------------------------------------------------------------
  // Everything above the cursor until `enough` says so: verified custody, opened.
  async take({ session, relay }, after, enough) {
    session.send('Subscribe', { after_seq: after, window: 16, window_bytes: 1 << 20 });
    const taken = [];
    while (!enough(taken)) {
      const delivery = await session.receive('Deliver'), { delivered, stub } = delivery;
      const custody = verifyCustody(write('CustodyReceipt', delivery.custody), { ns: this.trust.ns, relay: this.trust.relay(relay.id), depositHash: delivery.deposit_hash,
        plane: delivery.plane, from: delivery.from, desk: this.own, laneSeq: delivery.lane_seq, laneHead: delivery.lane_head });
      if (!stub) taken.push({ delivery, custody, ...open(this.trust, this.own, delivered, delivery.deposit_hash, Date.now()) });
      session.send('Taken', { upto_seq: delivery.seq });
    }
    return taken;
  }
  readReceipt(opened, sent) {
    return checkReceipt(readReceipt(this.trust, opened.content), { deposit: sent.sealed.deposit, contentHash: sent.hash, plane: 1n, entity: this.own.entity,
      device: this.device.id, precedence: sent.precedence, checkWord: sent.checkWord,
      isAddressed: (desk) => equal(desk.entity, sent.to.entity) && desk.kind === BigInt(sent.to.kind) }, opened.sender.id);
  }
}
export const admitSandbox = (federation, codes) => admit(readDocuments(`${federation}/directory`, codes));
