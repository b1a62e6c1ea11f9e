// Service worker de l'espace formation. Il ne garde que la page hors ligne et ses fichiers, les mêmes pour tous :
// jamais une page ni une réponse du serveur qui dirait quelque chose d'un usager ou d'un assuré.
"use strict";
const VERSION = "cnas-@VERSION@";
const COQUILLE = "/my/formation/horsligne";
const FICHIERS = "@FICHIERS@";

async function emporter() {
    // « no-cache » : redemander au serveur ce que le navigateur garderait une semaine.
    const demandes = [COQUILLE, ...FICHIERS].map((adresse) => new Request(adresse, { cache: "no-cache" }));
    await (await caches.open(VERSION)).addAll(demandes);
}
self.addEventListener("install", (ev) => ev.waitUntil(emporter().then(() => self.skipWaiting())));
// Tout est perdu, et la version n'a pas changé : une langue quittée puis reprise aussitôt, une mémoire vidée.
self.addEventListener("message", (ev) => ev.waitUntil(emporter()));

async function menage() {
    const noms = await caches.keys();
    await Promise.all(noms.filter((nom) => nom.startsWith("cnas-") && nom !== VERSION).map((nom) => caches.delete(nom)));
    await self.clients.claim();
}
self.addEventListener("activate", (ev) => ev.waitUntil(menage()));

async function gardee(demande, adresse) {
    return (await caches.match(adresse)) || fetch(demande);
}

// Une page qui ne vient pas : l'espace hors ligne s'ouvre à sa place.
async function pageOuCoquille(demande) {
    try {
        return await fetch(demande);
    } catch (coupure) {
        const coquille = await caches.match(COQUILLE);
        if (coquille) {
            return coquille;
        }
        throw coupure;
    }
}

self.addEventListener("fetch", (ev) => {
    const { origin, pathname } = new URL(ev.request.url);
    if (ev.request.method !== "GET" || origin !== self.location.origin) {
        return;
    }
    if (pathname === COQUILLE || FICHIERS.includes(pathname)) {
        ev.respondWith(gardee(ev.request, pathname));
    } else if (ev.request.mode === "navigate") {
        ev.respondWith(pageOuCoquille(ev.request));
    }
});
