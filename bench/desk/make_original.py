#!/usr/bin/env python3
"""Makes a database and a media_storage as the original Django system left them: make_original.py FOLDER ROWS [SEED].

Both layouts, voice notes called .mp3, rows that failed (with keys whose link lives, or is dead), a file that is missing,
altered or a web page, files without a row, paths of another machine. Invented people only.
"""

import base64
import hashlib
import os
import random
import sqlite3
import sys
import time

SCHEMA = """
create table core_cliente (id integer primary key autoincrement, nome varchar(255), email varchar(254), telefone varchar(20),
  empresa varchar(255), data_cadastro datetime, ativo bool, wapi_instance_id varchar(255), wapi_token varchar(255), foto_perfil varchar(200));
create table core_whatsappinstance (id integer primary key autoincrement, instance_id varchar(255) unique, token varchar(255),
  cliente_id bigint references core_cliente (id), status varchar(50), qr_code text, last_seen datetime, created_at datetime, updated_at datetime);
create table core_chat (id integer primary key autoincrement, chat_id varchar(255), cliente_id bigint, is_group bool, chat_name varchar(255));
create table core_mediafile (id integer primary key autoincrement, message_id varchar(255) unique, sender_name varchar(255), sender_id varchar(255),
  media_type varchar(20), mimetype varchar(100), file_name varchar(255), file_path text, file_size bigint, caption text, width integer,
  height integer, duration_seconds integer, is_ptt bool, download_status varchar(20), is_group bool, from_me bool, media_key varchar(255),
  direct_path text, file_sha256 varchar(255), file_enc_sha256 varchar(255), media_key_timestamp varchar(20), message_timestamp datetime,
  download_timestamp datetime, created_at datetime, updated_at datetime, chat_id bigint, cliente_id bigint, instance_id bigint);
"""

KINDS = {
    "audio": ("audios", "audio/ogg; codecs=opus", b"OggS\0\2" + b"\0" * 20 + b"\1\x13OpusHead", ".mp3"),
    "image": ("imagens", "image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", ".jpg"),
    "video": ("videos", "video/mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", ".mp4"),
    "document": ("documentos", "application/pdf", b"%PDF-1.7\n", ".pdf"),
    "sticker": ("stickers", "image/webp", b"RIFF\x24\0\0\0WEBPVP8 ", ".webp"),
}
CLIENTS = [(2, "Clínica Aurora"), (3, "Oficina do Bairro"), (7, "Padaria Três Irmãos")]


def django_time(at):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at)) + ".250000"


def main():
    folder, rows = sys.argv[1], int(sys.argv[2])
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    media = os.path.join(folder, "media_storage")
    os.makedirs(media)
    db = sqlite3.connect(os.path.join(folder, "db.sqlite3"))
    db.executescript(SCHEMA)
    instances = {}
    for number, (client, name) in enumerate(CLIENTS, 1):
        instance = f"INST{number:02d}-ABC{number}XY-GEAY{number}V"
        instances[client] = (number, instance)
        db.execute("insert into core_cliente (id, nome, email, ativo) values (?, ?, ?, 1)", (client, name, f"c{client}@example.com"))
        db.execute(
            "insert into core_whatsappinstance (id, instance_id, token, cliente_id, status, last_seen) values (?, ?, ?, ?, 'connected', ?)",
            (number, instance, f"token-of-{client}", client, django_time(time.time())),
        )
    now = int(time.time())
    for n in range(rows):
        client, name = CLIENTS[n % len(CLIENTS)]
        number, instance = instances[client]
        kind = list(KINDS)[n % len(KINDS)]
        folder_name, mime, head, ending = KINDS[kind]
        message = f"{rng.getrandbits(80):020X}"
        at = now - rng.randrange(3_600, 400 * 86_400)
        content = head + rng.randbytes(rng.randrange(1_000, 9_000))
        chat = f"55009{client}{n % 50:07d}"
        if n % 2:
            place = f"cliente_{client}/instance_{instance}/{folder_name}"
            written = f"D:\\multichat\\media_storage\\{place}\\".replace("/", "\\")
        else:
            place = f"{name.replace(' ', '_')}/instance_{instance}/chats/{chat}/{kind}"
            written = f"/srv/multichat/multichat_system/media_storage/{place}/"
        file = f"msg_{message[:8]}_{time.strftime('%Y%m%d_%H%M%S', time.gmtime(at))}{ending}"
        key = rng.randbytes(32)
        path = f"/v/t62.7117-24/{rng.getrandbits(60)}_n.enc?ccb=11-4&oh=01_Q5&oe={at + 30 * 86_400:X}&_nc_sid=5e03e0"
        status, file_path = "success", written + file
        sha256 = base64.b64encode(hashlib.sha256(content).digest()).decode()
        case = n % 100
        if case == 90:
            status, file_path, content = "failed", None, None
        elif case == 91:
            content = None  # the row says success, the file is gone
        elif case == 92:
            content = b"<!DOCTYPE html><html>502 Bad Gateway</html>"
        elif case == 93:
            status, file_path = "pending", None  # the file is there, the row does not know it
        elif case == 94:
            sha256 = None
        if content is not None:
            os.makedirs(os.path.join(media, place), exist_ok=True)
            with open(os.path.join(media, place, file), "wb") as out:
                out.write(content)
        if case == 95:
            continue  # a file without a row
        values = (
            message, "Ana Exemplo", f"{chat}@s.whatsapp.net", kind, mime, file_path, len(content or b""), kind == "audio", status,
            base64.b64encode(key).decode(), path, sha256, str(at), django_time(at), django_time(at + 5) if status == "success" else None,
            django_time(at), client, number,
        )
        db.execute(
            "insert into core_mediafile (message_id, sender_name, sender_id, media_type, mimetype, file_path, file_size, is_ptt, download_status,"
            " media_key, direct_path, file_sha256, media_key_timestamp, message_timestamp, download_timestamp, created_at, cliente_id, instance_id,"
            " is_group, from_me) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
            values,
        )
    db.commit()
    db.close()


main()
