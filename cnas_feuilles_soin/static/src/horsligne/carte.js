// Vérifier une carte sans réseau : signature Ed25519 du QR, puis la liste signée des cartes qui ne valent pas.
import { PERIME, dateEcrite, dateIso, joursDepuis, maintenant } from "./horloge.js";

const OCTETS = 6;
const REFUS = {
    perdues: _t("Cette carte a été déclarée perdue."), annulees: _t("Cette carte a été annulée."),
    inactives: _t("Cette carte n'est pas active : elle n'a pas été remise à son titulaire, ou elle n'a plus cours."),
};

function octets(base64) {
    const binaire = atob(base64.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(binaire, (lettre) => lettre.charCodeAt(0));
}

// Le QR est une adresse qui porte le texte signé (« | » écrit « ~ »), ou le texte nu des cartes d'avant.
export function texteDeCarte(lu) {
    const [, suite] = lu.trim().split("/cnas/carte/");
    return suite === undefined ? lu.trim() : suite.replace(/~/g, "|");
}

// Vrai, faux, ou null si ce navigateur ne connaît pas Ed25519.
export async function signatureJuste(message, signature, cles) {
    let juste = false;
    for (const cle of cles) {
        try {
            const lue = await crypto.subtle.importKey("raw", octets(cle), { name: "Ed25519" }, false, ["verify"]);
            juste ||= await crypto.subtle.verify({ name: "Ed25519" }, lue, octets(signature), new TextEncoder().encode(message));
        } catch (erreur) {
            if (erreur.name === "NotSupportedError") {
                return null;
            }
        }
    }
    return juste;
}

async function sha256(texte) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texte)));
}

const hexadecimal = (suite) => [...suite].map((octet) => octet.toString(16).padStart(2, "0")).join("");

// La liste vient du serveur : on ne la garde que signée par une clé de la caisse.
export async function listeJuste(liste) {
    const empreinte = hexadecimal(await sha256([liste.perdues, liste.annulees, liste.inactives].join("|")));
    return signatureJuste(`cnas-cartes-1|${liste.date}|${empreinte}`, liste.signature, liste.cles);
}

// ---- ce qui a changé, et rien d'autre
// Une carte tient en huit lettres ; une liste se coupe en 256 seaux par le premier octet. L'appareil dit ce qu'il a d'un
// témoin par seau ; la caisse rend les seaux qui ont changé. Recomposée, la liste se vérifie comme si elle était venue d'un bloc.
const LETTRES = 8, SEAUX = 256, TEMOIN = 3;
const NOMS = Object.keys(REFUS);

function couper(liste) {
    const seaux = Array.from({ length: SEAUX }, () => NOMS.map(() => ""));
    NOMS.forEach((nom, place) => {
        for (let rang = 0; rang < liste[nom].length; rang += LETTRES) {
            const carte = liste[nom].slice(rang, rang + LETTRES);
            seaux[atob(carte).charCodeAt(0)][place] += carte;
        }
    });
    return seaux;
}

export async function temoins(liste) {
    const sommes = await Promise.all(couper(liste).map((seau) => sha256(seau.join("|"))));
    const suite = sommes.flatMap((somme) => [...somme.slice(0, TEMOIN)]);
    return btoa(String.fromCharCode(...suite)).replace(/\+/g, "-").replace(/\//g, "_");
}

export function completer(liste, { seaux: changes, ...recu }) {
    const seaux = couper(liste).map((seau, rang) => changes[rang] || seau);
    return { ...recu, ...Object.fromEntries(NOMS.map((nom, place) => [nom, seaux.map((seau) => seau[place]).join("")])) };
}

function contient(liste, debut) {
    const lus = octets(liste);
    for (let rang = 0; rang < lus.length; rang += OCTETS) {
        if (debut.every((octet, place) => octet === lus[rang + place])) {
            return true;
        }
    }
    return false;
}

// Rend {verdict: "oui" | "non" | "doute", phrase, matricule?}.
export async function verifierCarte(lu, liste, contact) {
    const texte = texteDeCarte(lu);
    const [version, matricule, numero, expiration, signature, ...reste] = texte.split("|");
    if (!signature || reste.length || version !== "1") {
        return { verdict: "doute", phrase: _t("Hors ligne, seul le QR de la carte se vérifie : un numéro ou un matricule attend le réseau.") };
    }
    if (!liste) {
        return { verdict: "doute", phrase: _t("Cet appareil n'a pas encore la liste des cartes : ouvrez une fois l'espace avec du réseau.") };
    }
    const juste = await signatureJuste([version, matricule, numero, expiration].join("|"), signature, liste.cles);
    if (juste === null) {
        return { verdict: "doute", phrase: _t("Ce téléphone ne sait pas vérifier une signature : carte non vérifiable hors ligne.") };
    }
    if (!juste) {
        return { verdict: "non", phrase: _t("Ce code n'a pas été signé par la CNAS.") };
    }
    if (expiration < dateIso(maintenant(contact))) {
        return { verdict: "non", phrase: _t("Cette carte est expirée depuis le %(jour)s.", { jour: dateEcrite(`${expiration}T12:00Z`) }) };
    }
    const debut = [...(await sha256(texte)).slice(0, OCTETS)];
    const refus = Object.keys(REFUS).find((nom) => contient(liste[nom], debut));
    if (refus) {
        return { verdict: "non", phrase: REFUS[refus] };
    }
    const jours = joursDepuis(Date.parse(`${liste.date}T00:00+01:00`), contact);
    if (jours > PERIME) {
        return { verdict: "doute", matricule, phrase: _t(
            "Carte signée par la CNAS, mais la liste des cartes perdues de cet appareil a %(jours)s jours : carte non confirmée, cherchez du réseau.", { jours }) };
    }
    return { verdict: "oui", matricule, phrase: _t(
        "Carte %(numero)s authentique, ni perdue ni annulée au %(jour)s. Les droits, eux, ne se vérifient qu'avec du réseau.", {
            numero, jour: dateEcrite(`${liste.date}T12:00Z`) }) };
}
