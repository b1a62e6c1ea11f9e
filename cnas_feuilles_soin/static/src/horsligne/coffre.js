// Le coffre de l'appareil : IndexedDB, chaque saisie chiffrée par une clé que le navigateur ne rend jamais (non extractible),
// une par usager. Se déconnecter l'efface.
const NOM = "cnas-formation";
const MAGASINS = ["reglages", "cles", "feuilles", "photos", "brouillons"];
let base;

export function promesse(demande) {
    return new Promise((tenir, rompre) => {
        demande.onsuccess = () => tenir(demande.result);
        demande.onerror = () => rompre(demande.error);
    });
}

async function ouvrir() {
    if (!base) {
        const demande = indexedDB.open(NOM, 1);
        demande.onupgradeneeded = () => MAGASINS.forEach((magasin) => demande.result.createObjectStore(magasin));
        base = await promesse(demande);
        // Un autre onglet se déconnecte et efface tout : ne pas le retenir.
        base.onversionchange = () => { base.close(); base = null; };
    }
    return base;
}

export async function lire(magasin, cle) {
    return promesse((await ouvrir()).transaction(magasin).objectStore(magasin).get(cle));
}

export async function tout(magasin) {
    return promesse((await ouvrir()).transaction(magasin).objectStore(magasin).getAll());
}

// Plusieurs gestes en une transaction : tous ou aucun. Un geste : [magasin, clé, valeur] ; sans valeur, il ôte.
export async function ecrire(...gestes) {
    const transaction = (await ouvrir()).transaction([...new Set(gestes.map(([magasin]) => magasin))], "readwrite");
    for (const [magasin, cle, valeur] of gestes) {
        const lieu = transaction.objectStore(magasin);
        valeur === undefined ? lieu.delete(cle) : lieu.put(valeur, cle);
    }
    return new Promise((tenir, rompre) => {
        transaction.oncomplete = () => tenir();
        transaction.onabort = () => rompre(transaction.error);
    });
}

// Dans IndexedDB, la clé est un objet du navigateur : aucun script, le nôtre compris, n'en lit les octets.
async function cleDe(usager) {
    const connue = await lire("cles", usager);
    if (connue) {
        return connue;
    }
    const neuve = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    await ecrire(["cles", usager, neuve]);
    return neuve;
}

// `lien` attache le chiffré à sa fiche : recopié sous une autre, il ne s'ouvre pas.
export async function chiffrer(usager, lien, octets) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const algorithme = { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(lien) };
    return { iv, chiffre: await crypto.subtle.encrypt(algorithme, await cleDe(usager), octets) };
}

export async function dechiffrer(usager, lien, { iv, chiffre }) {
    const algorithme = { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(lien) };
    return crypto.subtle.decrypt(algorithme, await cleDe(usager), chiffre);
}

export async function chiffrerObjet(usager, lien, objet) {
    return chiffrer(usager, lien, new TextEncoder().encode(JSON.stringify(objet)));
}

export async function dechiffrerObjet(usager, lien, garde) {
    return JSON.parse(new TextDecoder().decode(await dechiffrer(usager, lien, garde)));
}

export async function usagerCourant() {
    return lire("reglages", "usager");
}

export async function toutEffacer() {
    base?.close();
    base = null;
    await promesse(indexedDB.deleteDatabase(NOM));
    for (const nom of (await caches.keys()).filter((cle) => cle.startsWith("cnas-"))) {
        await caches.delete(nom);
    }
    for (const ouvrier of await navigator.serviceWorker.getRegistrations()) {
        await ouvrier.unregister();
    }
}
