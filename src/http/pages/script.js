// Makes and keeps the key of this browser, and signs the text that the page shows. Without it the pages work too,
// and signing is done by command. The private key cannot be read, by this script neither.
"use strict";

const encoder = new TextEncoder();

const base64url = (bytes) => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};

const settled = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const open = () => {
  const request = indexedDB.open("tallystick", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("keys");
  return settled(request);
};

const read = async (party) => {
  const database = await open();
  try {
    return await settled(database.transaction("keys").objectStore("keys").get(party));
  } finally {
    database.close();
  }
};

// Adds, never overwrites: a second window that makes a key at the same time gets the first one's.
const make = async (party) => {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
  const database = await open();
  try {
    await settled(database.transaction("keys", "readwrite").objectStore("keys").add(pair, party));
    return pair;
  } catch (error) {
    return await settled(database.transaction("keys").objectStore("keys").get(party));
  } finally {
    database.close();
  }
};

const forget = async (party) => {
  const database = await open();
  try {
    await settled(database.transaction("keys", "readwrite").objectStore("keys").delete(party));
  } finally {
    database.close();
  }
};

const jwk = async (pair) => {
  const { kty, crv, x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { crv, kty, x };
};

// RFC 7638: the members in order, without white space.
const thumbprint = async (pair) => {
  const text = JSON.stringify(await jwk(pair));
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))));
};

const sign = async (pair, kid, text) => {
  const header = base64url(encoder.encode(JSON.stringify({ alg: "Ed25519", kid })));
  const input = `${header}.${base64url(encoder.encode(text))}`;
  const signature = await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, encoder.encode(input));
  return `${input}.${base64url(new Uint8Array(signature))}`;
};

// The form of a link brings the public key along, where this browser can have one.
for (const form of document.querySelectorAll("form[data-key]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.ready) return;
    form.dataset.ready = "yes";
    const party = form.dataset.key;
    try {
      if (form.dataset.renew) await forget(party);
      const pair = (await read(party)) ?? (await make(party));
      form.elements.key.value = JSON.stringify(await jwk(pair));
    } catch (error) {
      form.elements.key.value = "";
    }
    // A form that is sent by a script does not name the button.
    const pressed = document.createElement("input");
    pressed.type = "hidden";
    pressed.name = event.submitter.name;
    pressed.value = event.submitter.value;
    form.append(pressed);
    form.submit();
  });
}

// A sheet is signed with the key of the visit; where it is not here, the command remains.
for (const form of document.querySelectorAll("form[data-sign]")) {
  (async () => {
    const { sign: party, kid } = form.dataset;
    const pair = await read(party).catch(() => undefined);
    if (!pair || (await thumbprint(pair)) !== kid) {
      document.getElementById("no-key").hidden = false;
      return;
    }
    document.getElementById("no-script").hidden = true;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (form.dataset.ready) return;
      form.dataset.ready = "yes";
      const signed = [];
      for (const text of document.querySelectorAll("[data-statement]")) {
        signed.push(await sign(pair, kid, text.textContent));
      }
      form.elements.signed.value = signed.join("\n");
      form.submit();
    });
  })();
}
