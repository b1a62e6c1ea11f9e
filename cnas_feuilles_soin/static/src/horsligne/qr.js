// Lire un QR en photo : par le navigateur s'il sait le faire, sinon par la caisse quand il y a du réseau.
async function decoder(photo) {
    if ("BarcodeDetector" in window) {
        const [code] = await new window.BarcodeDetector({ formats: ["qr_code"] }).detect(await createImageBitmap(photo));
        return code?.rawValue;
    }
    return "";
}

export function proposerQr(champ) {
    if (!("BarcodeDetector" in window)) {
        return;
    }
    const bouton = Object.assign(document.createElement("button"), { type: "button", className: "discret qr", textContent: "Lire le QR de la carte" });
    const photo = Object.assign(document.createElement("input"), { type: "file", accept: "image/*", hidden: true });
    photo.setAttribute("capture", "environment");
    bouton.addEventListener("click", () => photo.click());
    photo.addEventListener("change", async () => {
        const lu = photo.files.length && await decoder(photo.files[0]).catch(() => "");
        bouton.textContent = lu ? "QR lu" : "QR illisible : recommencez de plus près";
        if (lu) {
            champ.value = lu;
            champ.dispatchEvent(new Event("change", { bubbles: true }));
        }
        photo.value = "";
    });
    champ.after(bouton, photo);
}
