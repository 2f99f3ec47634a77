// live — what the C programs made in a sandbox, judged in Node; then a desk in Node beside the desks in C, by the same relays.
//   live.mjs check PROGRAMS WORLD     WORLD: a folder with fed/ (sandbox, relays running), a.hlb and b.hlb (bundles of both desks)
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import { agree, dispute, verdictOfC, verdictOfNode } from './arbiter.mjs';
import { judge } from './bundle.mjs';
import { Desk, admitSandbox, passphraseOf, readDocuments } from './desk.mjs';
import { admit, fingerprint } from './documents.mjs';
import { prekeyOf } from './envelope.mjs';
import { openKeyFile } from './keyfile.mjs';
import { displayedId } from './notice.mjs';
import { KINDS, RESERVATION_1, readReceipt } from './receipt.mjs';
import { Session } from './session.mjs';
import { write } from './strict.mjs';
import { check, end } from './tap.mjs';
import { H, equal, hex, keyId, unhex } from './wire.mjs';

const [, , , programs, world] = process.argv, federation = `${world}/fed`, CODES = ['XAA', 'XBB', 'XCC'], hotline = `${programs}/hotline`;
const read = (path) => Uint8Array.from(readFileSync(path));
const flip = (octets, at) => { const copy = octets.slice(); copy[at] ^= 1 << at % 8; return copy; };
const isRefused = (run) => { try { run(); return false; } catch { return true; } };
const run = (program, ...args) => spawnSync(`${programs}/${program}`, args, { encoding: 'utf8', env: { HOTLINE_PASSPHRASE_FILE: `${federation}/passphrase` } });
const asOfficer = (who, ...args) => run('hotline', '-c', `${federation}/states/${who}/hotline.conf`, '--json', ...args);
const shown = ({ stdout }) => stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));

// --- documents and keys -----------------------------------------------------------------------------------------------
const checkDocuments = () => {
  const documents = readDocuments(`${federation}/directory`, CODES), trust = admit(documents);
  check(trust.states.length === 3 && trust.root.sandbox, 'live: the documents of `hotline-keys sandbox` are admitted');
  const kept = CODES.map((code) => run('hotline-keys', 'fingerprint', '--json', '--federation', `${federation}/directory`, code)).map((one) => shown(one)[0]);
  trust.states.forEach((state, i) => {
    const made = fingerprint(state.national.body);
    check(made.groups.join() === kept[i].groups.join() && made.check === kept[i].check, `live: the fingerprint of ${state.code} is the one that C prints`);
  });
  for (const [name, octets, replace] of [['directory', documents.directory, (one) => ({ directory: one })], ['timestamp', documents.timestamp, (one) => ({ timestamp: one })],
    ['roster of XAA', documents.rosters[0], (one) => ({ rosters: [one, ...documents.rosters.slice(1)] })],
    ['national root of XAA', documents.nationalRoots[0], (one) => ({ nationalRoots: [one, ...documents.nationalRoots.slice(1)] })]]) {
    const accepted = [...octets.keys()].filter((at) => !isRefused(() => admit({ ...documents, ...replace(flip(octets, at)) })));
    check(accepted.length === 0, `live: the ${name} is refused with a bit flipped, at each of ${octets.length} octets`, `accepted at ${accepted.slice(0, 9)}`);
  }
  return trust;
};
const checkKeyFiles = (trust) => {
  const pass = passphraseOf(federation), pkOf = ({ seed }) => ed25519.getPublicKey(seed);
  trust.states.forEach((state) => {
    const at = `${federation}/states/${state.code}`, device = openKeyFile(read(`${at}/officer1/device.hlk`), read(`${at}/officer1/device.secret`));
    const officers = [1, 2].map((no) => openKeyFile(read(`${at}/officer${no}/officer.hlk`), pass)), nationals = [1, 2, 3].map((no) => openKeyFile(read(`${at}/national-${no}.hlk`), pass));
    check([device, ...officers].every((one) => trust.cert(state.entity, keyId(pkOf(one))) && equal(one.entity, state.entity) && equal(one.ns, trust.ns)),
      `live: the key files of ${state.code} hold the keys of its certificates`);
    check(nationals.every((one) => state.national.body.keys.some((key) => equal(key, pkOf(one)))), `live: the national key files of ${state.code} hold the keys of its national root`);
  });
  check(['r1', 'r2'].every((name) => {
    const at = `${federation}/relays/${name}/state/keys`, keys = openKeyFile(read(`${at}/relay.hlk`), read(`${at}/relay.secret`)), relay = trust.relay(keyId(pkOf(keys)));
    return relay?.name === name && equal(relay.log_pk, ed25519.getPublicKey(keys.logSeed));
  }), 'live: the key files of the relays hold the keys of the directory');
};

// --- bundles ----------------------------------------------------------------------------------------------------------
const checkBundle = (name, octets, file) => {
  const [node, c] = [verdictOfNode(octets), verdictOfC(hotline, file)], judged = judge(octets);
  check(node.result === 'VALID-WITH-REMARKS' && agree(node, c) && node.root === c.root, `live: ${name} has the same verdict and claims from both`, dispute(node, c));
  const receipts = judged.records.filter(({ type }) => type === 22).map((record) => readReceipt(judged.trust, record.octets));
  check(receipts.map(({ kind }) => KINDS[Number(kind)]).sort().join() === 'ACKNOWLEDGED,DELIVERED,OPENED', `live: every receipt of ${name} verifies`, `${receipts.length}`);
  const ack = receipts.find(({ kind }) => kind === 4n);
  check(hex(ack.reservation_hash) === RESERVATION_1, `live: the acknowledgement of ${name} carries reservation 1`);
  return judged;
};
const checkFlips = (octets) => {
  const valid = [...octets.keys()].filter((at) => judge(flip(octets, at)).result !== 'INVALID');
  check(valid.length === 0, `live: a bundle is INVALID with a bit flipped, at each of ${octets.length} octets`, `valid at ${valid.slice(0, 9)}`);
  const file = `${world}/flipped.hlb`, step = Math.ceil(octets.length / 100), at = Array.from({ length: 100 }, (_, i) => i * step).filter((one) => one < octets.length);
  const validToC = at.filter((one) => { writeFileSync(file, flip(octets, one)); return verdictOfC(hotline, file).result.startsWith('VALID'); });
  check(validToC.length === 0, `live: and to C too, at ${at.length} of them`, `valid at ${validToC}`);
};

// --- a desk in Node -----------------------------------------------------------------------------------------------------
const portOf = (name) => Number(readFileSync(`${federation}/relays/${name}/hotlined.conf`, 'utf8').match(/listen = \{"127\.0\.0\.1:(\d+)"/)[1]);
const checkSending = async (desk, sessions, xbb) => {
  const prekeys = await desk.fetch(sessions[0], xbb);
  check(prekeys.length === 1 && equal(prekeys[0].entity, xbb.entity), 'live: Node fetches and verifies the prekey of XBB');
  const sent = desk.writeNotice(xbb, prekeys, 'Written by a desk in Node.\nA second line.', 4), slotDesks = [xbb], codes = [];
  for (const one of sessions) codes.push((await desk.submit(one, sent.sealed, slotDesks)).code);
  check(codes.join() === '0,0', 'live: both relays take a notice of Node, their custody verifies and covers', codes.join());
  const again = await desk.submit(sessions[1], sent.sealed, slotDesks);
  check(again.code === 1n, 'live: submitted again it is a DUPLICATE with the same custody', `${again.code}`);
  const bent = { ...sent.sealed, octets: flip(sent.sealed.octets, sent.sealed.octets.length - 2000) };
  check((await desk.submit(sessions[1], bent, slotDesks).catch((error) => ({ code: error.message }))).custody === undefined, 'live: a relay has no custody of that deposit for a bent one');
  const id = displayedId(1, sent.hash);
  check(asOfficer('XBB/officer1', 'list', '--in').stdout.includes(id), `live: the C desk of XBB has the notice ${id} of Node`);
  const opened = asOfficer('XBB/officer1', 'read', id);
  check(opened.status === 0 && opened.stdout.includes('Written by a desk in Node.') && opened.stdout.includes(sent.checkWord), 'live: and reads it, with the check word', opened.stderr);
  const ack = asOfficer('XBB/officer1', 'ack', id, '--check-word', sent.checkWord);
  check(ack.status === 0, 'live: and acknowledges it', ack.stderr);
  const isReceipt = ({ kind }) => kind === 2, back = await desk.take(sessions[0], 0, (taken) => taken.filter(isReceipt).length >= 3);
  const receipts = back.filter(isReceipt).map((one) => desk.readReceipt(one, sent));
  check(receipts.map(({ kind }) => KINDS[Number(kind)]).join() === 'DELIVERED,OPENED,ACKNOWLEDGED', 'live: DELIVERED, OPENED, ACKNOWLEDGED come back to Node and are valid', `${receipts.length}`);
  check(receipts.every((one, i) => i === 0 || equal(one.prev_receipt, receipts[i - 1].hash)), 'live: chained by prev_receipt');
  const file = `${world}/node.hlb`, exported = asOfficer('XBB/officer1', 'evidence', 'export', id, '-o', file);
  check(exported.status === 0, 'live: XBB exports evidence of the notice of Node', exported.stderr);
  checkBundle('the evidence about the notice of Node', read(file), file);
  return back.at(-1).delivery.seq;
};
// A text that fills 64 KiB travels in fragments, to the relay and to the reader.
const checkFragments = async (desk, sessions, xbb) => {
  const prekeys = await desk.fetch(sessions[0], xbb), words = `${'long '.repeat(11)}end\n`.repeat(1000), sent = desk.writeNotice(xbb, prekeys, words, 2);
  const codes = [(await desk.submit(sessions[0], sent.sealed, [xbb], 4096)).code, (await desk.submit(sessions[1], sent.sealed, [xbb], 59900)).code];
  check(codes.join() === '0,0', `live: an envelope of ${sent.sealed.octets.length} octets is taken in fragments of 4096 and of 59900 octets`, codes.join());
  const read = asOfficer('XBB/officer1', 'read', displayedId(1, sent.hash));
  check(shown(read).some(({ texts }) => JSON.stringify(texts ?? '').includes(words.slice(0, 50).trim())) || read.stdout.includes('long long'), 'live: and read by XBB', read.stderr);
};
const checkPrekeyPut = async (desk, one) => {
  const [ring] = desk.ring, pk = prekeyOf(ring.seed), put = async (how, key = pk) => {
    desk.ring = [{ ...ring, ...how }];
    const code = await desk.publish(one, key);
    desk.ring = [ring];
    return code;
  };
  const minute = 60000, now = Date.now(), other = prekeyOf(new Uint8Array(32).fill(9)), soon = { createdMs: now + 11 * minute, notAfterMs: now + 60 * minute };
  check(await put({}) === 1n, 'live: the same prekey again is known');
  check(await put({}, other) === 4n, 'live: another prekey of the same time is a fork');
  check(await put({ createdMs: ring.createdMs + 1, notAfterMs: ring.notAfterMs + 1 }, other) === 4n, 'live: another prekey behind the same one too');
  check(await put({ createdMs: ring.createdMs - minute, notAfterMs: ring.notAfterMs - minute, prevHash: new Uint8Array(32).fill(1) }, other) === 2n, 'live: an older prekey is older');
  check(await put(soon, other) === 3n, 'live: a prekey of 11 minutes ahead is invalid');
  check(await put({ createdMs: now, notAfterMs: now + 73 * 60 * minute }, other) === 3n, 'live: a prekey of 73 hours is invalid');
};
const checkStrangers = async (desk, relay) => {
  const [cert, hello] = [desk.trust.cert(desk.own.entity, desk.device.id), { entity: desk.own.entity, device: desk.device.id }];
  const answer = async (how, staticKey = desk.device.noise) => {
    const session = await Session.start({ relay, ns: desk.trust.ns, staticKey, hello: { ...hello, cert_hash: cert.hash, ...how } });
    const said = await session.receive('Welcome').then(() => 'Welcome', (error) => error.message);
    session.close();
    return said;
  };
  const [unknown, otherKey] = [await answer({ cert_hash: new Uint8Array(32).fill(1) }), await answer({}, new Uint8Array(32).fill(3))];
  check(unknown.startsWith('Bye 3'), 'live: an unknown certificate ends in Bye(UNCERTIFIED)', unknown);
  check(otherKey.startsWith('Bye 3'), 'live: another static key than the certificate’s too', otherKey);
  const stranger = await Session.start({ relay, ns: new Uint8Array(32), staticKey: desk.device.noise, hello: { ...hello, cert_hash: cert.hash } }).then(() => 'answered', (error) => error.message);
  check(stranger === 'the relay closed', 'live: a first message of another namespace is closed in silence', stranger);
};
// What a relay looks at before custody, and its word for it.
const checkRefusals = async (desk, sessions, xbb) => {
  const [prekey] = await desk.fetch(sessions[1], xbb), slot = (how) => ({ ...desk.slot(prekey, new Uint8Array(116)), ...how }), ns = desk.trust.ns;
  const submit = async (how = {}, slots = [slot()], edit = (one) => one, deposit = undefined) => {
    const sealed = desk.seal({ kind: 1, content: new Uint8Array(100), contentHash: new Uint8Array(32), precedence: 1, days: 1, slots, ...how });
    return (await desk.submit(sessions[1], { ...sealed, octets: edit(sealed.octets, sealed), deposit: deposit?.(sealed) ?? sealed.deposit }, [xbb])).code;
  };
  check(await submit() === 0n, 'live: a relay takes a well formed deposit that no recipient will accept');
  check(await submit({ header: { ns: new Uint8Array(32).fill(1) } }) === 4n, 'live: another ns is OTHER_NS');
  check(await submit({ header: { sender_device: prekey.device, sender_entity: prekey.entity } }) === 3n, 'live: another sender_device is NOT_YOUR_DEVICE');
  check(await submit({}, [slot({ entity: new Uint8Array(16).fill(1) })]) === 10n, 'live: an entity that the directory has not is UNKNOWN_DESK');
  check(await submit({}, [slot(), slot()]) === 2n, 'live: two slots of one device are MALFORMED');
  check(await submit({ header: { precedence: undefined } }) === 2n, 'live: content without precedence is MALFORMED');
  check(await submit({ header: { created_ms: Date.now() - 7200000, expires_ms: Date.now() - 60000 } }) === 9n, 'live: an expired deposit is EXPIRED');
  check(await submit({ header: { expires_ms: Date.now() + 60000 } }) === 2n, 'live: expires_ms in a minute is MALFORMED');
  check(await submit({ header: { expires_ms: Date.now() + 91 * 86400000 } }) === 2n, 'live: expires_ms in 91 days is MALFORMED');
  check(await submit({}, [slot()], (octets, { sig, header, ct, slots }) => write('Envelope', { header, ct: ct.slice(1), slots, sig })) === 2n, 'live: a ct shorter than ct_len is MALFORMED');
  check(await submit({}, [slot()], (octets, { header, ct, slots, sig }) => write('Envelope', { header, ct, slots, sig: flip(sig, 4) }),
    ({ ehash, sig }) => H('hotline/v1/deposit', ehash, flip(sig, 4))) === 0n,
    'live: a deposit with a wrong signature is taken: no relay verifies end to end');
};
const checkReceiving = async (desk, sessions, xaa, after) => {
  const form = `${world}/to-xcc.form`, drafted = asOfficer('XAA/officer1', 'draft', form), [{ id }] = shown(drafted);
  const released = asOfficer('XAA/officer1', 'release', id);
  check(drafted.status === 0 && released.status === 0, 'live: the C desk of XAA sends a notice to the prekey of Node', drafted.stderr + released.stderr);
  const [opened] = (await desk.take(sessions[0], after, (taken) => taken.some(({ kind }) => kind === 1))).filter(({ kind }) => kind === 1);
  check(displayedId(1, opened.hash) === id && opened.seq === 1n, 'live: Node opens it by all steps', `${displayedId(1, opened.hash)} ${opened.seq}`);
  const prekeys = await desk.fetch(sessions[0], xaa), [officer] = desk.officers, fields = { disposition: 1, reservation_id: 1, reservation_hash: unhex(RESERVATION_1) };
  const answers = [desk.answer(opened, 2, prekeys), desk.answer(opened, 3, prekeys), desk.answer(opened, 4, prekeys, fields, officer)], codes = [];
  for (const one of answers) for (const session of sessions) codes.push((await desk.submit(session, one, [xaa])).code);
  check(codes.every((code) => code === 0n), 'live: both relays take DELIVERED, OPENED and ACKNOWLEDGED of Node', codes.join());
  const status = asOfficer('XAA/officer1', 'status', id), said = status.stdout;
  check(said.includes('"acknowledged_by":"XCC.TEC"'), 'live: the C desk of XAA counts the acknowledgement of Node', said);
  const file = `${world}/acked.hlb`, exported = asOfficer('XAA/officer1', 'evidence', 'export', id, '-o', file);
  check(exported.status === 0, 'live: XAA exports evidence of it', exported.stderr);
  checkBundle('the evidence with the receipts of Node', read(file), file);
};
const checkSession = async (desk, { session }) => {
  session.send('Ping', { token: 77 });
  check((await session.receive('Pong')).token === 77n, 'live: a Ping of Node is answered');
  session.rekey();
  session.send('Ping', { token: 78 });
  check((await session.receive('Pong')).token === 78n, 'live: and after a rekey too');
  session.send('Pong', { token: 1 });
  session.send('Welcome', { version: 1, relay_ms: Date.now(), root_version: 1, directory_version: 1, roster_version: 1, max_in_flight: 1 });
  check((await session.receive('Bye')).reason === 5n, 'live: a record of the wrong direction ends in Bye(PROTOCOL)');
};
const checkDesk = async (trust) => {
  const desk = new Desk(federation, 'XCC', trust), relays = trust.directory.body.relays.map((relay) => ({ ...relay, host: '127.0.0.1', port: portOf(relay.name) }));
  const sessions = [];
  for (const relay of relays) sessions.push(await desk.connect(relay));
  check(sessions.every(({ welcome }) => welcome.version === 1n && welcome.roster_version >= 1n), 'live: both relays welcome a desk in Node');
  const pk = prekeyOf(desk.ring[0].seed), codes = [];
  for (const one of sessions) codes.push(await desk.publish(one, pk));
  check(codes.every((code) => code <= 1n), 'live: both relays store the prekey of Node', codes.join());
  const deskOf = (code) => ({ entity: trust.states.find((state) => state.code === code).entity, kind: 2n });
  const after = await checkSending(desk, sessions, deskOf('XBB'));
  await checkFragments(desk, sessions, deskOf('XBB'));
  await checkPrekeyPut(desk, sessions[1]);
  await checkRefusals(desk, sessions, deskOf('XBB'));
  await checkStrangers(desk, relays[1]);
  sessions[0].session.close();
  sessions[0] = await desk.connect(relays[0]);
  await checkReceiving(desk, sessions, deskOf('XAA'), after);
  await checkSession(desk, sessions[1]);
  sessions.forEach(({ session }) => session.close());
};

const trust = checkDocuments();
checkKeyFiles(trust);
['a', 'b'].forEach((name) => checkBundle(`the bundle of ${name === 'a' ? 'XAA' : 'XBB'}`, read(`${world}/${name}.hlb`), `${world}/${name}.hlb`));
checkFlips(read(`${world}/a.hlb`));
await checkDesk(admitSandbox(federation, CODES));
end();
