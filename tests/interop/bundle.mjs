// bundle — an evidence bundle (PROTOCOL.evidence.md) read, judged, and written again with another content.
import { DEVICE, Trust, admitCertProof, admitDirectory, admitNationalRoot, admitRevocation, admitRoot, admitTimestamp } from './documents.mjs';
import { verifyCustody } from './custody.mjs';
import { marksOf, addresses } from './notice.mjs';
import { checkSlotPath, judgeNotice, openContent, openSealed } from './open.mjs';
import { KINDS, checkReceipt, readReceipt } from './receipt.mjs';
import { canonical } from './rules.mjs';
import { B, H, equal, hex, join, label, number, text, u32be, verify } from './wire.mjs';

const MAGIC = text('HLB1'), MANIFEST = 99;
const RESERVED = [14, 15, 16, 17, 18, 21, 23];
const KNOWN = [1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 19, 20, 22, MANIFEST, ...RESERVED];
export const NOTE = 'shows what the exporter chose; later cancellation, correction or refusal may exist';

class Invalid extends Error {
  constructor(step, what) { super(what); this.step = step; }
}
const need = (isTrue, step, what) => { if (!isTrue) throw new Invalid(step, what); };
const within = (step, run) => {
  try { return run(); } catch (error) { throw error instanceof Invalid ? error : new Invalid(step, error.message); }
};
const sameDesk = (left, right) => equal(left.entity, right.entity) && left.kind === right.kind;

// --- records -------------------------------------------------------------------------------------------------------
export const readRecords = (octets) => {
  need(equal(octets.slice(0, 4), MAGIC), 1, 'magic');
  const records = [];
  for (let at = 4; at < octets.length;) {
    need(octets.length - at >= 8, 1, 'cut off');
    const type = Number(number(octets.slice(at, at + 4))), length = Number(number(octets.slice(at + 4, at + 8)));
    need(octets.length - at - 8 >= length, 1, 'cut off');
    records.push({ type, octets: octets.slice(at + 8, at + 8 + length) });
    at += 8 + length;
  }
  return records;
};
export const recordHash = ({ type, octets }) => B(join(u32be(type), octets));
export const writeRecords = (records) => join(MAGIC, ...records.flatMap(({ type, octets }) => [u32be(type), u32be(octets.length), octets]));
const checkRecords = (records) => {
  need(records.length > 0 && records.at(-1).type === MANIFEST, 1, 'no manifest at the end');
  need(records.filter(({ type }) => type === MANIFEST).length === 1, 1, 'two manifests');
  need(records.every(({ type }) => KNOWN.includes(type)), 1, 'unknown record');
  records.forEach(({ type }, i) => need(type !== 11 || records[i - 1]?.type === 10, 1, 'file key without envelope'));
  const signed = within(1, () => canonical('Signed', records.at(-1).octets));
  const manifest = within(1, () => canonical('BundleManifest', signed.body)), before = records.slice(0, -1);
  need(manifest.records.length === before.length, 1, 'number of hashes');
  before.forEach((record, i) => need(equal(recordHash(record), manifest.records[i]), 1, `hash of record ${i}`));
  return { signed, manifest };
};

// --- trust ---------------------------------------------------------------------------------------------------------
const readTrust = (records, pinned) => within(2, () => {
  const first = (type) => records.find((record) => record.type === type)?.octets ?? need(false, 2, `no record ${type}`);
  const all = (type) => records.filter((record) => record.type === type).map(({ octets }) => octets);
  const root = admitRoot(first(1), pinned), directory = admitDirectory(root, first(2)), timestamp = admitTimestamp(root, directory, first(3));
  const trust = new Trust(root, directory, timestamp), nationals = all(4).map((octets) => admitNationalRoot(root, directory, octets));
  need(new Set(nationals.map(({ body }) => hex(body.entity))).size === nationals.length, 2, 'two national roots of one State');
  const states = new Map();
  for (const octets of all(5)) {
    const entity = canonical('NationalRoster', canonical('CertProof', octets).roster.body).entity;
    const national = nationals.find(({ body }) => equal(body.entity, entity)) ?? need(false, 2, 'no national root');
    const { cert, ...head } = admitCertProof(timestamp, national, octets), state = states.get(hex(entity));
    need(!state || equal(state.roster.hash, head.hash), 2, 'two rosters of one State');
    if (state) state.roster.certs.push(cert);
    else states.set(hex(entity), { national, roster: { ...head, certs: [cert], revocations: [] } });
  }
  for (const octets of all(6)) {
    const signed = canonical('Signed', octets), { national, roster } = states.get(hex(canonical('Revocation', signed.body).entity)) ?? need(false, 2, 'revocation');
    roster.revocations.push(admitRevocation(national, signed, (id, serial) =>
      roster.certs.find((cert) => equal(cert.id, id) && cert.serial === serial)?.sign_pk));
  }
  for (const { national, roster } of states.values()) trust.addState(national, roster);
  return trust;
});
const checkManifest = (trust, { signed, manifest }, remarks) => within(3, () => {
  const cert = trust.cert(manifest.by_entity, manifest.by_device);
  need(cert?.kind === DEVICE && equal(manifest.ns, trust.ns), 3, 'exporter');
  need(signed.sigs.length === 1 && equal(signed.sigs[0].key_id, manifest.by_device), 3, 'signer');
  need(verify(cert.sign_pk, 'hotline/v1/bundle', signed.body, signed.sigs[0].sig), 3, 'manifest signature');
  const revocation = trust.revocation(cert.entity, cert);
  need(!revocation || revocation.invalid_since_ms > manifest.at_ms, 3, 'exporter is revoked');
  if (revocation) remarks.push('exporter is revoked; its time is its own word');
});

// --- deposits ------------------------------------------------------------------------------------------------------
const gather = (records) => {
  const deposits = [];
  for (const { type, octets } of records) {
    const last = deposits.at(-1);
    if (type === 10) deposits.push({ octets, custodies: [] });
    if (![11, 12, 13].includes(type)) continue;
    need(last, 1, `record ${type} without an envelope`);
    need(type !== 11 || octets.length === 32, 1, 'length of a file key');
    need(type !== 12 || !last.link, 1, 'a second link');
    if (type === 13) last.custodies.push(octets);
    else last[type === 11 ? 'fileKey' : 'link'] = octets;
  }
  need(deposits.length > 0, 1, 'no envelope');
  return deposits;
};
const judgeEnvelope = (trust, plane, deposit) => within(4, () => {
  const outer = openSealed(trust, deposit.octets);
  need(outer.header.plane === plane, 4, 'another plane than the manifest’s');
  Object.assign(deposit, outer, { depositHash: outer.deposit, desk: outer.slot, signedBy: [outer.sender] });
  checkSlotPath(outer);
  if (!deposit.fileKey) return;
  const { kind, content } = openContent(outer, deposit.fileKey);
  deposit.kind = kind;
  if (kind === 2) deposit.carried = readReceipt(trust, content);
  if (kind !== 1) return;
  Object.assign(deposit, judgeNotice(trust, outer, content, (cert) => deposit.signedBy.push(cert)));
  need(sameDesk(deposit.desk, outer.from) || addresses(deposit.notice, deposit.desk), 4, 'slot of a desk that is not addressed');
});
const judgeLink = (deposit) => within(5, () => {
  if (!deposit.link) return;
  const signed = canonical('Signed', deposit.link), link = canonical('Link', signed.body), { header, sender, desk } = deposit;
  need(equal(link.ns, header.ns) && link.plane === header.plane && equal(link.sender_device, header.sender_device), 5, 'link');
  need(sameDesk({ entity: link.recipient_entity, kind: link.recipient_kind }, desk), 5, 'link of another desk');
  need(!deposit.hash || equal(link.content_hash, deposit.hash), 5, 'link of another notice');
  need(signed.sigs.length === 1 && equal(signed.sigs[0].key_id, sender.id), 5, 'link signer');
  need(verify(sender.sign_pk, label('link', header.plane), signed.body, signed.sigs[0].sig), 5, 'link signature');
  deposit.hash ??= link.content_hash;
});
const judgeCustody = (trust, deposit) => within(6, () => {
  const { header, from, desk, depositHash } = deposit;
  deposit.stamps = deposit.custodies.map((octets) => {
    const { relay: id } = canonical('Custody', canonical('CustodyReceipt', octets).body), relay = trust.relay(id) ?? need(false, 6, 'relay');
    const { received_ms: at } = verifyCustody(octets, { ns: trust.ns, relay, depositHash, plane: header.plane, from, desk });
    return { at, operator: relay.operator };
  });
});
const basisOf = (deposit) => !deposit?.stamps.length ? 'NONE'
  : new Set(deposit.stamps.map(({ operator }) => operator)).size > 1 ? '2 OPERATORS' : '1 RELAY';
const stampOf = (deposit) => deposit.stamps.map(({ at }) => at).reduce((left, right) => left > right ? left : right);
// A revoked key counts up to its day, if two operators bound the time; else it does not.
const checkKeys = (trust, certs, deposit, step) => certs.forEach((cert) => {
  const revocation = trust.revocation(cert.entity, cert);
  need(!revocation || (basisOf(deposit) === '2 OPERATORS' && stampOf(deposit) < revocation.invalid_since_ms), step, 'revoked key');
});

// --- verdict -------------------------------------------------------------------------------------------------------
const nameOf = (trust, desk) => `${trust.state(desk.entity).code}.${['', 'DIP', 'TEC', 'POL', 'DIR'][Number(desk.kind)]}`;
const latest = (list) => list.reduce((left, right) => left > right ? left : right);
const claimSent = (trust, deposit, remarks) => {
  const basis = basisOf(deposit);
  if (basis === 'NONE') remarks.push('no custody covers this signature');
  if (deposit.isRejected) remarks.push('a device rejected this deposit');
  if (!deposit.fileKey) remarks.push('the text is not judged');
  return { claim: 'sent', notice: deposit.hash, by: nameOf(trust, deposit.from), at: basis === 'NONE' ? undefined : stampOf(deposit), basis };
};
const claimReleased = (trust, deposit, remarks) => {
  const { author, releasers } = deposit.signers, devices = new Set([author, ...releasers].map(({ device }) => hex(device.id)));
  if (deposit.stamps.length && deposit.releases.some(({ not_after_ms: end }) => deposit.stamps.every(({ at }) => at > end)))
    remarks.push('release had expired at its custody');
  remarks.push(...marksOf(trust.state(deposit.from.entity).roster, deposit, deposit.signers, 0n));
  return { claim: 'released', notice: deposit.hash, by: nameOf(trust, deposit.from), at: latest(deposit.releases.map(({ released_ms: ms }) => ms)),
    basis: basisOf(deposit), persons: Number(deposit.notice.persons), devices: devices.size };
};
const isOpenedAs = (deposit, otherwise) => deposit.fileKey ? deposit.kind === 1 : deposit.header.class === 1n && otherwise;
const showsNotice = (deposit) => isOpenedAs(deposit, deposit.link !== undefined);
const claimsOf = (trust, deposits, remarks) => deposits.flatMap((deposit, i) => {
  const before = deposits.slice(0, i);
  if (!showsNotice(deposit) || before.some((one) => showsNotice(one) && equal(one.depositHash, deposit.depositHash))) return [];
  const isKnown = !deposit.notice || before.some(({ notice, hash }) => notice && equal(hash, deposit.hash));
  return [claimSent(trust, deposit, remarks), ...(isKnown ? [] : [claimReleased(trust, deposit, remarks)])];
});
const CLAIMED = ['delivered', 'opened', 'acknowledged', 'refused'];
const checkReservation = (records, receipt) => {
  const texts = records.filter(({ type }) => type === 20).map(({ octets }) => H('hotline/v1/reservation', octets));
  need(receipt.kind !== 4n || texts.length === 0 || texts.some((hash) => equal(hash, receipt.reservation_hash)), 7, 'other reservation texts');
};
const judgeReceipt = (trust, octets, records, deposits, remarks) => {
  const receipt = readReceipt(trust, octets), by = { entity: receipt.by_entity, kind: receipt.by_kind };
  const about = deposits.filter(({ depositHash }) => equal(depositHash, receipt.deposit_hash));
  const deposit = about.find(({ desk }) => sameDesk(desk, by)) ?? about[0] ?? need(false, 7, 'no such deposit');
  const carrier = deposits.find(({ carried }) => carried && equal(carried.hash, receipt.hash));
  const { notice } = deposit, isAddressed = (desk) => sameDesk(desk, deposit.desk) || (notice && addresses(notice, desk));
  checkReceipt(receipt, { deposit: deposit.depositHash, contentHash: deposit.hash, plane: deposit.header.plane, entity: deposit.from.entity,
    device: deposit.header.sender_device, isService: !notice && receipt.about === 2n, isAddressed, precedence: notice?.precedence, checkWord: notice?.check_word }, carrier?.sender.id);
  checkKeys(trust, receipt.certs, carrier, 7);
  checkReservation(records, receipt);
  const claim = KINDS[Number(receipt.kind)].toLowerCase();
  if (!CLAIMED.includes(claim) || receipt.about !== 1n || !isOpenedAs(deposit, true)) return [];
  if (receipt.kind === 4n) remarks.push('streams up to Marks later than the ACK are not in the bundle');
  return [{ claim, notice: deposit.hash ?? receipt.content_hash, by: nameOf(trust, by), at: receipt.at_ms, basis: basisOf(carrier),
    disposition: receipt.disposition }];
};
const judgeReject = (trust, octets, deposits) => {
  const signed = canonical('Signed', octets), reject = canonical('Reject', signed.body), cert = trust.cert(reject.by_entity, reject.by_device);
  need(cert?.kind === DEVICE && equal(reject.ns, trust.ns) && signed.sigs.length === 1 && equal(signed.sigs[0].key_id, cert.id), 7, 'reject');
  need(verify(cert.sign_pk, 'hotline/v1/reject', signed.body, signed.sigs[0].sig), 7, 'signature of a reject');
  deposits.filter(({ depositHash }) => equal(depositHash, reject.deposit_hash)).forEach((deposit) => { deposit.isRejected = true; });
};
const octetsOf = (records, wanted) => records.filter(({ type }) => type === wanted).map(({ octets }) => octets);
const judgeAll = (octets, pinned) => {
  const records = readRecords(octets), signed = checkRecords(records), trust = readTrust(records, pinned), { manifest } = signed, remarks = [];
  checkManifest(trust, signed, remarks);
  const deposits = gather(records);
  for (const deposit of deposits) {
    judgeEnvelope(trust, manifest.plane, deposit);
    judgeLink(deposit);
    judgeCustody(trust, deposit);
    checkKeys(trust, deposit.signedBy, deposit, 6);
  }
  within(7, () => octetsOf(records, 19).forEach((one) => judgeReject(trust, one, deposits)));
  const claims = claimsOf(trust, deposits, remarks);
  within(7, () => octetsOf(records, 22).forEach((one) => claims.push(...judgeReceipt(trust, one, records, deposits, remarks))));
  return { result: remarks.length ? 'VALID-WITH-REMARKS' : 'VALID', plane: manifest.plane, claims, remarks, root: trust.root.hash, records,
    manifest, trust, deposits };
};
export const judge = (octets, pinned) => {
  try { return judgeAll(octets, pinned); } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    return { result: 'INVALID', step: error.step, what: error.message, claims: [], remarks: [] };
  }
};
