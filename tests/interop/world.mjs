// world — a federation that Node alone makes, with one notice on its whole way and the bundle about it. A bend changes one message
// before it is written; hashes and signatures behind it follow, so that only the rule about the changed field can find it.
import { x25519, ed25519 } from '@noble/curves/ed25519.js';
import { writeRecords, recordHash } from './bundle.mjs';
import { laneStart, laneStep, makeCustody } from './custody.mjs';
import { prekeyOf, schedule, seal } from './envelope.mjs';

import { write } from './strict.mjs';
import { B, H, hex, join, keyId, label, prekeyId, sign, text, treePath, treeRoot, u32be, u64be, u8, zeros } from './wire.mjs';

export const NOW = 1795000000000n;
export const DAY = 86400000n;
const SEC = 1000n;
export const draw = (...name) => B(text(`hotline interop world ${name.join(' ')}`));
const keys = new Map();
export const key = (...name) => {
  const at = name.join(' ');
  if (!keys.has(at)) {
    const seed = draw(...name, 'sign'), pk = ed25519.getPublicKey(seed);
    keys.set(at, { seed, pk, id: keyId(pk), noise: draw(...name, 'noise') });
  }
  return keys.get(at);
};
const signatures = new Map(); // most of a bent world is as it was
const signOnce = ({ seed }, type, body) => {
  const at = hex(H(type, seed, body));
  if (!signatures.has(at)) signatures.set(at, sign(seed, type, body));
  return signatures.get(at);
};
const ascending = (list, octets = (item) => item) => [...list].sort((left, right) => Buffer.compare(octets(left), octets(right)));
const prekeys = new Map();
const prekeyOnce = (seed) => prekeys.get(hex(seed)) ?? prekeys.set(hex(seed), prekeyOf(seed)).get(hex(seed));

// bend: {message, at (which of that name, from 0), change(object)}; absent for a straight world.
export class World {
  constructor(bend) { Object.assign(this, { bend, seen: {} }); }
  make(name, object) {
    const count = this.seen[name] = (this.seen[name] ?? -1) + 1, copy = { ...object };
    if (this.bend?.message === name && count === (this.bend.at ?? 0)) this.bend.change(copy, this);
    return copy;
  }
  write(name, object) { return write(name, this.make(name, object)); }
  // Signed, by all of `signers`.
  signed(name, object, label, signers) {
    const body = this.write(name, object), type = this.bend?.label?.(name, label) ?? label;
    const sigs = (this.bend?.signers?.(name, signers, this) ?? signers).map((one) => this.make('Sig', { key_id: one.id, sig: signOnce(one, type, body) }));
    return { body, sigs, octets: write('Signed', { body, sigs }), hash: H(type, body) };
  }

  // --- documents ---------------------------------------------------------------------------------------------------
  makeRoot() {
    const roles = [[1, 'root', 2, 3], [2, 'directory', 2, 3], [3, 'timestamp', 1, 2]].map(([role, name, threshold, count]) => {
      this[name] = Array.from({ length: count }, (_, i) => key(name, i));
      return this.make('RoleKeys', { role, threshold, keys: ascending(this[name].map(({ pk }) => pk)) });
    });
    roles.push(this.make('RoleKeys', { role: 4, keys: [] }));
    this.rootDoc = this.signed('RootMetadata', { spec: 1, version: 1, issued_ms: NOW - DAY, expires_ms: NOW + 365n * DAY, roles, min_suite: 1,
      prev_hash: zeros(32), sandbox: true }, 'hotline/v1/root-metadata', this.root.slice(0, 2));
    this.ns = H('hotline/v1/namespace', this.rootDoc.body);
  }
  makeNational(code) {
    const entity = draw(code).slice(0, 16), signers = [0, 1, 2].map((i) => key(code, 'national', i));
    return { code, entity, kind: 2n, signers, national: this.signed('NationalRoot', { ns: this.ns, entity, version: 1, threshold: 2,
      keys: ascending(signers.map(({ pk }) => pk)), prev_hash: zeros(32), effective_ms: NOW - DAY }, 'hotline/v1/national-root', signers.slice(0, 2)) };
  }
  makeCert(state, kind, one, fields) {
    const noise = kind === 1 ? x25519.getPublicKey(one.noise) : undefined;
    const possession = join(this.ns, state.entity, u8(kind), one.pk, noise ?? zeros(32));
    return this.write('Cert', { ns: this.ns, entity: state.entity, kind, sign_pk: one.pk, noise_static: noise, desks: [2n], role_label: 'duty officer',
      not_before_ms: NOW - DAY, not_after_ms: NOW + 300n * DAY, pop: signOnce(one, 'hotline/v1/possession', possession), ...fields });
  }
  makeRoster(state) {
    const devices = [0, 1].map((i) => key(state.code, 'device', i)), officers = [0, 1].map((i) => key(state.code, 'officer', i));
    const certs = [...devices.map((one, i) => this.makeCert(state, 1, one, { roles: 16 + 64, device_no: i + 1, serial: i + 1 })),
      ...officers.map((one, i) => this.makeCert(state, 2, one, { roles: 7, person: draw(state.code, 'person', i).slice(0, 16), serial: 10 + i }))];
    const rules = [1, 1, 2, 2].map((persons_min, i) => this.make('ReleaseRule', { precedence: i + 1, persons_min }));
    const roster = this.signed('NationalRoster', { ns: this.ns, entity: state.entity, version: 3, issued_ms: NOW - DAY, expires_ms: NOW + 60n * DAY,
      national_root_version: 1, cert_count: certs.length, certs_root: treeRoot(certs), release_min: rules, single_person_max: 2, release_devices_min: 1,
      desks: [this.make('DeskInfo', { kind: 2, languages: ['en', 'fr'], phones: ['+4912345'], office: 'Situation centre' })],
      prev_hash: draw(state.code, 'roster before') }, 'hotline/v1/national-roster', state.signers.slice(1));
    Object.assign(state, { devices, officers, certs, roster, prekeySeed: draw(state.code, 'prekey') });
    state.prekey = prekeyOnce(state.prekeySeed);
  }
  certProof(state, index) {
    const { body, sigs } = state.roster;
    return this.write('CertProof', { roster: { body, sigs }, cert: state.certs[index], index, proof: treePath(state.certs, index) });
  }
  makeDirectory() {
    this.relays = ['r1', 'r2'].map((name, i) => {
      const one = key('relay', name), log = key('log', name);
      return { logSeed: log.seed, noise: one.noise, ...this.make('RelayDescriptor', { id: one.id, name, host: 'relay.example', port: 7000 + i,
        noise_static: x25519.getPublicKey(one.noise), sign_pk: one.pk, log_pk: log.pk, log_origin: `hotline/${hex(this.ns).slice(0, 16)}/${name}`,
        suites: [1], operator: `op${i}` }) };
    });
    const entities = this.states.map(({ code, entity, national }) => this.make('Entity', { id: entity, code, since_ms: NOW - DAY, status: 1,
      national_root_version: 1, national_root_hash: national.hash }));
    const rules = [1, 2, 3, 4].map((precedence) => this.make('PrecedenceRule', { precedence, custody_s: 60, delivered_s: 120, opened_s: 300, ack_s: 600,
      interim_s: 3600, answer_s: 7200, nondelivery_s: 900, rungs_s: [60, 120], words: 200 }));
    this.directoryDoc = this.signed('Directory', { ns: this.ns, version: 5, issued_ms: NOW - DAY, expires_ms: NOW + 20n * DAY, root_version: 1,
      entities: ascending(entities, ({ id }) => id), relays: ascending(this.relays, ({ id }) => id),
      profiles: [this.make('Profile', { name: 'hotline-24x7', rules })], prev_hash: draw('directory before') },
    'hotline/v1/directory', this.directory.slice(0, 2));
    const rosters = this.states.map(({ entity, roster }) => this.make('RosterRef', { entity, version: 3, hash: roster.hash }));
    this.timestampDoc = this.signed('Timestamp', { ns: this.ns, version: 9, directory_version: 5, directory_hash: this.directoryDoc.hash,
      issued_ms: NOW - SEC, expires_ms: NOW + DAY - SEC, rosters: ascending(rosters, ({ entity }) => entity) }, 'hotline/v1/timestamp', [this.timestamp[0]]);
  }

  // --- a notice ------------------------------------------------------------------------------------------------------
  makeIncident() {
    const stamp = (ms) => this.make('Stamp', { unix_ms: ms });
    return this.make('Incident', { incident_id: draw('incident').slice(0, 16), category: 6, sector: [1, 2], status: 2, started: stamp(NOW - DAY),
      detected: stamp(NOW - SEC), severity: 4, suspected_malicious: 2, cross_border: 2, critical_infrastructure: 2, why_you: 1, attribution: 1,
      confidence: 3, next_update_by: stamp(NOW + DAY) });
  }
  makeNotice() {
    const [xaa, xbb] = this.states, { plane = 1n } = this.bend ?? {};
    const desk = ({ entity, kind }) => this.make('Desk', { entity, kind });
    const to = [this.make('Address', { desk: desk(xbb), action: true, precedence: 4 })];
    this.notice = this.signed('Notice', { version: 1, type: 10, plane, sender: desk(xaa), to, precedence: 4, tlp: 3, requested_action: [2],
      text: [this.make('Text', { lang: 'en', body: 'A text.', authoritative: true })], subject: 'World', check_word: 'AB12', incident: this.makeIncident(),
      ns: this.ns, notice_id: draw('notice').slice(0, 16), draft_device: xaa.devices[0].id, author: xaa.officers[0].id, dir_version: 5,
      dir_hash: this.directoryDoc.hash, drafted_ms: NOW, persons: 2, ...this.bend?.notice?.(this) }, label('notice', plane), [xaa.officers[0], xaa.devices[0]]);
    const device = xaa.devices[this.bend?.releaserDevice ?? 1];
    this.release = this.signed('Release', { ns: this.ns, plane, notice_hash: this.notice.hash, releaser: xaa.officers[1].id,
      releaser_device: device.id, sender_device: xaa.devices[0].id, released_ms: NOW + SEC, not_after_ms: NOW + 900n * SEC },
    label('release', plane), [xaa.officers[1], device]);
    const { body, sigs } = this.notice, one = { body: this.release.body, sigs: this.release.sigs };
    this.signedNotice = this.write('SignedNotice', { notice: { body, sigs }, releases: [one] });
  }
  makeEnvelope() {
    const [xaa, xbb] = this.states, { plane = 1n } = this.bend ?? {};
    this.link = this.signed('Link', { ns: this.ns, plane, content_hash: this.notice.hash, sender_device: xaa.devices[0].id, recipient_entity: xbb.entity,
      recipient_kind: 2, seq: 1, prev: zeros(32) }, label('link', plane), [xaa.devices[0]]);
    const content = join(u64be(1), zeros(32), this.link.sigs[0].sig, zeros(12)), own = zeros(116);
    const slot = (state, i, rest) => ({ entity: state.entity, kind: state.kind, device: state.devices[i].id, prekey_id: prekeyId(state.prekey), pk: state.prekey, rest });
    const made = schedule({ hedgeKey: draw('hedge'), random: join(draw('random 1'), draw('random 2')), contentHash: this.notice.hash, createdMs: NOW, row: 1 });
    this.envelope = seal({ kind: 1, content: this.signedNotice, made, seed: xaa.devices[0].seed, slots: [slot(xbb, 0, content), slot(xaa, 1, own)],
      header: this.make('EnvelopeHeader', { ns: this.ns, sender_entity: xaa.entity, sender_device: xaa.devices[0].id, plane, class: 1, precedence: 4,
        dir_version: 5, created_ms: NOW + SEC, expires_ms: NOW + 30n * DAY }) });
    this.fileKey = made.fileKey;
  }
  makeCustodies() {
    const [xaa, xbb] = this.states, { plane = 1n } = this.bend ?? {}, from = { entity: xaa.entity, kind: 2n };
    return this.relays.map((relay, i) => {
      const marks = [xaa, xbb].map(({ entity, kind }) => this.make('LaneMark', { to: { entity, kind }, seq: 1, salt: draw('lane salt').slice(0, 16),
        head: laneStep(laneStart(this.ns, relay.id, from, { entity, kind }, plane), 1, this.envelope.deposit) }));
      const custody = makeCustody(relay, this.make('Custody', { ns: this.ns, deposit_hash: this.envelope.deposit, received_ms: NOW + 2n * SEC + BigInt(i),
        plane, salt: draw('custody salt'), from }), marks, [text('a leaf before'), text('and another')]);
      return custody.toDesk({ entity: xbb.entity, kind: 2n });
    });
  }
  makeReceipts() {
    const [xaa, xbb] = this.states, { plane = 1n } = this.bend ?? {}, reservation = join(u32be(7), text('en\0Received, not agreed.\0'));
    const receipt = (kind, at, fields, officer) => (this.lastReceipt = this.signed('Receipt', { ns: this.ns, kind, plane, about: 1, content_hash: this.notice.hash,
      deposit_hash: this.envelope.deposit, to_entity: xaa.entity, to_device: xaa.devices[0].id, by_entity: xbb.entity, by_kind: 2,
      by_device: xbb.devices[0].id, at_ms: NOW + at * SEC, prev_receipt: zeros(32), dir_version: 5, ...fields },
    label('receipt', plane), [xbb.devices[0], ...(officer ? [officer] : [])])).octets;
    const view = this.make('PairView', { relay: this.relays[0].id, seq: 1, head: draw('view') });
    return [[20, reservation], [22, receipt(2, 3n, { views: [view] })], [22, receipt(3, 4n, {})],
      [22, receipt(4, 5n, { officer: xbb.officers[0].id, disposition: 1, check_word: 'ab12', reservation_id: 7, note: 'seen',
        reservation_hash: H('hotline/v1/reservation', reservation) }, xbb.officers[0])]];
  }

  // The envelope that brought a receipt, with its custody: what bounds the receipt's own time.
  makeCarrier(content, contentHash) {
    const [xaa, xbb] = this.states, { plane = 1n } = this.bend ?? {}, to = { entity: xaa.entity, kind: 2n };
    const made = schedule({ hedgeKey: draw('hedge XBB'), random: join(draw('random 3'), draw('random 4')), contentHash, createdMs: NOW + 5n * SEC, row: 2 });
    const carrier = seal({ kind: 2, content, made, seed: xbb.devices[0].seed, slots: [{ ...to, device: xaa.devices[0].id,
      prekey_id: prekeyId(xaa.prekey), pk: xaa.prekey, rest: zeros(192) }], header: this.make('EnvelopeHeader', { ns: this.ns, sender_entity: xbb.entity,
      sender_device: xbb.devices[0].id, plane, dir_version: 5, created_ms: NOW + 5n * SEC, expires_ms: NOW + 14n * DAY }) });
    const custodies = this.relays.map((relay, i) => {
      const marks = [this.make('LaneMark', { to, seq: 1, head: draw('lane'), salt: draw('salt').slice(0, 16) })];
      return makeCustody(relay, this.make('Custody', { ns: this.ns, deposit_hash: carrier.deposit, received_ms: NOW + 6n * SEC + BigInt(i), plane,
        salt: draw('salt'), from: { entity: xbb.entity, kind: 2n } }), marks, [text('a leaf')]).toDesk(to);
    });
    return [[10, carrier.deliver(0)], [11, made.fileKey], ...custodies.map((octets) => [13, octets])];
  }

  // --- all ---------------------------------------------------------------------------------------------------------
  makeDocuments() {
    this.makeRoot();
    this.states = ['XAA', 'XBB'].map((code) => this.makeNational(code));
    this.states.forEach((state) => this.makeRoster(state));
    this.makeDirectory();
    return this;
  }
  makeBundle() {
    this.makeDocuments();
    this.makeNotice();
    this.makeEnvelope();
    const [xaa, xbb] = this.states, { body, sigs } = this.link, certs = [0, 1, 2, 3].map((i) => [5, this.certProof(xaa, i)]);
    certs.push(...[0, 2].map((i) => [5, this.certProof(xbb, i)]));
    const records = [[1, this.rootDoc.octets], [2, this.directoryDoc.octets], [3, this.timestampDoc.octets], [4, xaa.national.octets],
      [4, xbb.national.octets], ...certs, ...(this.bend?.records?.(this) ?? []), [10, this.envelope.deliver(0)], [11, this.fileKey],
      [12, write('Signed', { body, sigs })], ...this.makeCustodies().map((octets) => [13, octets])];
    const receipts = this.makeReceipts();
    if (this.bend?.isCarried) records.push(...this.makeCarrier(receipts[3][1], this.lastReceipt.hash));
    const all = [...records, ...receipts]
      .map(([type, octets]) => ({ type, octets }));
    const { plane = 1n } = this.bend ?? {}, kept = this.bend?.edit?.(all, this) ?? all;
    const manifest = this.signed('BundleManifest', { ns: this.ns, by_entity: xaa.entity, by_device: xaa.devices[0].id, at_ms: NOW + 60n * SEC, plane,
      software: 'hotline interop', notices: [this.notice.hash], records: kept.map(recordHash) }, 'hotline/v1/bundle', [xaa.devices[0]]);
    return writeRecords([...kept, { type: 99, octets: manifest.octets }]);
  }
}
