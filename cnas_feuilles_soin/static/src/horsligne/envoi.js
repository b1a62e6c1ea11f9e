// Ce qui passe entre l'appareil et la caisse : qui est connecté, ce qu'il emporte, les feuilles qu'il envoie.
import { completer, listeJuste, temoins } from "./carte.js";
import { ecrire, lire } from "./coffre.js";
import { aEnvoyer, changer, marquerDeposee, ouvrirFeuille, ouvrirPhoto } from "./feuilles.js";

const RACINE = "/my/formation/horsligne";
// Cinq secondes en 2G : ce qu'une coupure fait perdre au plus.
const BLOC = 32_768;

// Le serveur a répondu, et c'est non. `statut` : 200 un refus du métier, 401 session finie, 403 compte retiré.
export class Refus extends Error {
    constructor(statut, phrases, reprendre) {
        super(phrases.join(" "));
        Object.assign(this, { statut, phrases, reprendre });
    }
}

async function demander(chemin, options = {}) {
    const reponse = await fetch(RACINE + chemin, { cache: "no-store", ...options });
    if (reponse.status === 304) {
        return null;
    }
    if (!(reponse.headers.get("Content-Type") || "").includes("json")) {
        throw new Refus(reponse.status, [_t("La CNAS n'a pas pu répondre (%(statut)s) : rien n'est perdu, l'envoi reprendra.", { statut: reponse.status })]);
    }
    const lu = await reponse.json();
    if (lu.erreurs) {
        throw new Refus(reponse.status, lu.erreurs, lu.reprendre);
    }
    return options.headers ? { contenu: lu, etag: reponse.headers.get("ETag") } : lu;
}

// Qui est connecté ; l'heure du serveur règle celle de l'appareil.
export async function joindre() {
    const avant = Date.now();
    const session = await demander("/session.json");
    const telephone = Math.round((avant + Date.now()) / 2);
    await ecrire(["reglages", "usager", session.usager], ["reglages", "contact", { serveur: session.heure, telephone, vu: telephone }]);
    return session;
}

async function rafraichirUn(nom, usager, juste, decrire) {
    const garde = await lire("reglages", nom);
    const etag = garde && garde.usager === usager ? garde.etag : "";
    const options = { headers: { "If-None-Match": etag || "\"\"" } };
    let recu = await demander(`/${nom}.json${garde && decrire ? await decrire(garde.contenu) : ""}`, options);
    if (recu?.contenu.seaux) {
        recu.contenu = completer(garde.contenu, recu.contenu);
        if (await juste(recu.contenu) === false) {
            recu = await demander(`/${nom}.json`, options);
        }
    }
    if (recu && await juste(recu.contenu) === false) {
        return;
    }
    const { contenu, etag: neuf } = recu || { contenu: garde.contenu, etag };
    await ecrire(["reglages", nom, { usager, etag: neuf, contenu, lu: (await lire("reglages", "contact")).serveur }]);
}

// La liste des cartes et le référentiel : rien ne se recharge qui n'a pas changé.
export async function rafraichir(session) {
    await rafraichirUn("cartes", session.usager, listeJuste, async (liste) => `?seaux=${await temoins(liste)}`);
    await rafraichirUn("referentiel", session.usager, () => true);
}

function formulaire(jeton, champs) {
    const envoi = new FormData();
    envoi.append("csrf_token", jeton);
    champs.forEach(([nom, valeur]) => envoi.append(nom, valeur));
    return envoi;
}

// Envoie un fichier par blocs, à partir de ce qui est déjà arrivé ; rend la réponse du serveur si la feuille est déjà déposée.
async function envoyerPiece(session, fiche, formation, piece, dire) {
    const octets = await ouvrirPhoto(fiche.usager, piece.photo);
    let recu = await lire("reglages", `envoye:${piece.photo}`) || 0, tours = 0;
    while (recu < piece.taille) {
        // Un réseau qui abîme ce qui passe ne tournera pas sans fin.
        if (++tours > 3 * Math.ceil(piece.taille / BLOC) + 3) {
            throw new Refus(0, [_t("Une photo n'arrive pas entière : l'envoi reprendra.")]);
        }
        const envoi = formulaire(session.jeton, [
            ["formation", formation], ["empreinte", piece.empreinte], ["taille", piece.taille], ["debut", recu]]);
        envoi.append("bloc", new Blob([octets.slice(recu, recu + BLOC)]), "bloc");
        const lu = await demander(`/envoi/${fiche.id}/bloc`, { method: "POST", body: envoi });
        if (lu.id) {
            return lu;
        }
        dire(lu.recu - recu);
        recu = lu.recu;
        await ecrire(["reglages", `envoye:${piece.photo}`, recu]);
    }
    return null;
}

async function envoyerContenu(session, fiche, contenu, dire) {
    const formation = (contenu.champs.find(([nom]) => nom === "formation") || [])[1] || "";
    const total = contenu.pieces.reduce((somme, { taille }) => somme + taille, 1);
    let fait = 0;
    for (const piece of contenu.pieces) {
        const deja = await envoyerPiece(session, fiche, formation, piece, (octets) => {
            fait += octets;
            dire(fiche.id, Math.max(0, Math.min(99, Math.round(100 * fait / total))));
        });
        if (deja) {
            return deja;
        }
    }
    const envoi = formulaire(session.jeton, [...contenu.champs, ...contenu.pieces.flatMap(({ empreinte, type, nom }) => [
        ["piece_empreinte", empreinte], ["piece_type", type], ["piece_nom", nom]])]);
    return demander(`/envoi/${fiche.id}`, { method: "POST", body: envoi });
}

// Une feuille refusée dit pourquoi et reste ; une coupure ou une session finie arrête tout, rien n'est perdu.
async function envoyerUne(session, fiche, dire) {
    const contenu = await ouvrirFeuille(fiche);
    for (let essai = 0; ; essai++) {
        try {
            const { numero } = await envoyerContenu(session, fiche, contenu, dire);
            await marquerDeposee(fiche, contenu, numero);
            return;
        } catch (erreur) {
            if (!(erreur instanceof Refus) || erreur.statut !== 200 || (erreur.reprendre && essai)) {
                throw erreur;
            }
            if (!erreur.reprendre) {
                await changer(fiche, "refusee", { ...contenu, erreurs: erreur.phrases });
                return;
            }
            await ecrire(...contenu.pieces.map(({ photo }) => ["reglages", `envoye:${photo}`]));
        }
    }
}

// Envoie ce qui attend, une feuille après l'autre. Deux onglets ne s'y mettent pas à deux.
export async function envoyerTout(dire = () => {}) {
    const envoyer = async (verrou) => {
        if (!verrou) {
            return;
        }
        const session = await joindre();
        for (const fiche of await aEnvoyer(session.usager)) {
            await envoyerUne(session, fiche, dire);
            dire(fiche.id, 100);
        }
    };
    return navigator.locks ? navigator.locks.request("cnas-envoi", { ifAvailable: true }, envoyer) : envoyer(true);
}
