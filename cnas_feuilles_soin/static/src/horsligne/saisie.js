// La saisie en ligne (#saisie, menée par portail.js) : son brouillon, ses photos réduites, et la feuille gardée quand le réseau manque.
import { fichiersDe, garderBrouillon, remettreBrouillon } from "./brouillon.js";
import { ecrire } from "./coffre.js";
import { champsDe, garder } from "./feuilles.js";
import { preparer } from "./photo.js";

function montrer(formulaire, texte, ...boutons) {
    let bandeau = document.getElementById("brouillon");
    if (!bandeau) {
        bandeau = Object.assign(document.createElement("p"), { id: "brouillon", className: "carte attente" });
        bandeau.setAttribute("role", "status");
        formulaire.before(bandeau);
    }
    bandeau.replaceChildren(`${texte} `, ...boutons.map(([titre, geste]) => {
        const bouton = Object.assign(document.createElement("button"), { type: "button", className: "discret", textContent: titre });
        bouton.addEventListener("click", geste);
        return bouton;
    }));
}

async function reduireFichiers(entree, formulaire) {
    const porteur = new DataTransfer();
    for (const fichier of entree.files) {
        // Un TIFF, un HEIC : le navigateur ne le lit pas, le serveur si.
        porteur.items.add(await preparer(fichier).catch((erreur) => {
            if (!fichier.size) {
                montrer(formulaire, erreur.message);
            }
            return fichier;
        }));
    }
    entree.files = porteur.files;
}

export async function suivre(usager) {
    const formulaire = document.getElementById("saisie");
    if (!formulaire) {
        return ecrire(["brouillons", usager]);
    }
    const oublier = async () => {
        await ecrire(["brouillons", usager]);
        window.location.assign("/my/formation/feuilles/nouvelle");
    };
    if (await remettreBrouillon(usager, formulaire, () => document.getElementById("ajouter").click())) {
        montrer(formulaire, _t("Votre saisie d'avant a été reprise."), [_t("Recommencer à vide"), oublier]);
    }
    let attente;
    const plusTard = () => {
        clearTimeout(attente);
        attente = setTimeout(() => garderBrouillon(usager, formulaire), 400);
    };
    formulaire.addEventListener("input", plusTard);
    formulaire.addEventListener("change", async (ev) => {
        if (ev.target.type === "file") {
            await reduireFichiers(ev.target, formulaire);
        }
        plusTard();
    });
    // Le dépôt n'est pas passé (voir portail.js) : la feuille peut attendre ici, et partir seule au retour du réseau.
    formulaire.addEventListener("coupure", () => montrer(
        formulaire, _t("Pas de réponse du réseau. La feuille peut attendre sur cet appareil et partir à son retour."),
        [_t("Garder sur l'appareil"), async () => {
            await garder(usager, champsDe(formulaire), fichiersDe(formulaire));
            await ecrire(["brouillons", usager]);
            window.location.assign("/my/formation/horsligne");
        }]));
}
