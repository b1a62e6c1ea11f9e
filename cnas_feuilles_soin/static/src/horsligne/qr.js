// Lire un QR en photo : par le navigateur s'il sait le faire, sinon par la caisse quand il y a du réseau.
import { joindre } from "./envoi.js";

async function lireIci(photo) {
    const lecteur = new window.BarcodeDetector({ formats: ["qr_code"] });
    const [code] = await lecteur.detect(await createImageBitmap(photo));
    return code && { texte: code.rawValue };
}

async function lireAuServeur(photo) {
    const { jeton } = await joindre(), envoi = new FormData();
    envoi.append("photo", photo);
    envoi.append("csrf_token", jeton);
    const reponse = await fetch("/my/formation/qr", { method: "POST", body: envoi, headers: { Accept: "application/json" } });
    return reponse.json();
}

async function lire(photo) {
    const lu = "BarcodeDetector" in window && await lireIci(photo).catch(() => null);
    return lu || lireAuServeur(photo).catch(() => ({ erreur: _t("QR illisible sans réseau : recommencez de plus près, ou tapez le matricule") }));
}

export function proposerQr(champ) {
    const bouton = Object.assign(document.createElement("button"), { type: "button", className: "discret qr", textContent: _t("Lire le QR de la carte") });
    const photo = Object.assign(document.createElement("input"), { type: "file", accept: "image/*", hidden: true });
    photo.setAttribute("capture", "environment");
    bouton.addEventListener("click", () => photo.click());
    photo.addEventListener("change", async () => {
        if (!photo.files.length) {
            return;
        }
        bouton.textContent = _t("Lecture du QR…");
        const { texte, erreur } = await lire(photo.files[0]);
        bouton.textContent = texte ? _t("Lire le QR de la carte") : erreur || _t("QR illisible : recommencez de plus près");
        if (texte) {
            champ.value = texte;
            champ.dispatchEvent(new Event("change", { bubbles: true }));
        }
        photo.value = "";
    });
    champ.after(bouton, photo);
}
