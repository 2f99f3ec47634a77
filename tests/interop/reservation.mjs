// reservation — the six texts of docs/PROTOCOL.reservation.md have the hash that every acknowledgement carries.
import { readFileSync } from 'node:fs';
import { RESERVATION_1 } from './receipt.mjs';
import { check, end } from './tap.mjs';
import { H, hex, join, text, u32be } from './wire.mjs';

const lines = readFileSync('docs/PROTOCOL.reservation.md', 'utf8').split('\n').filter((line) => /^ {4}[a-z]{2}: /.test(line));
const parts = lines.flatMap((line) => [text(line.slice(4, 6)), [0], text(line.slice(8)), [0]]), octets = join(u32be(1), ...parts);
check(lines.length === 6, 'reservation: six texts stand on the page');
check(lines.every((line) => line === line.normalize('NFC')), 'reservation: in NFC');
check(octets.length === 1833 && hex(H('hotline/v1/reservation', octets)) === RESERVATION_1, 'reservation: their hash is that of id 1');
end();
