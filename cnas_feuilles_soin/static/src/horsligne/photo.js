// Une photo de téléphone pèse quatre mégaoctets ; réduite sur l'appareil, elle se lit et passe en 2G. L'orientation est
// rendue dans l'image, et ce que l'appareil photo y ajoutait (le lieu, l'heure) n'est pas repris.
export const POIDS_MAX = 300_000;
const ESSAIS = [[1600, 0.8], [1600, 0.65], [1600, 0.5], [1280, 0.55], [1280, 0.42], [1024, 0.5], [1024, 0.4]];

async function image(fichier) {
    try {
        return await createImageBitmap(fichier, { imageOrientation: "from-image" });
    } catch {
        throw new Error(_t("« %(name)s » ne se lit pas : reprenez la photo, ou choisissez un JPEG, un PNG ou un PDF.", fichier));
    }
}

async function reduire(fichier) {
    const lue = await image(fichier);
    const toile = document.createElement("canvas");
    for (const [cote, qualite] of ESSAIS) {
        const rapport = Math.min(1, cote / Math.max(lue.width, lue.height));
        toile.width = Math.max(1, Math.round(lue.width * rapport));
        toile.height = Math.max(1, Math.round(lue.height * rapport));
        const dessin = toile.getContext("2d");
        dessin.fillStyle = "#fff";
        dessin.fillRect(0, 0, toile.width, toile.height);
        dessin.drawImage(lue, 0, 0, toile.width, toile.height);
        const reduite = await new Promise((tenir) => toile.toBlob(tenir, "image/jpeg", qualite));
        if (reduite && reduite.size <= POIDS_MAX) {
            lue.close();
            return reduite;
        }
    }
    lue.close();
    throw new Error(_t("« %(name)s » reste trop lourde une fois réduite : photographiez une page à la fois.", fichier));
}

// Rend un File prêt à partir ; une erreur est une phrase.
export async function preparer(fichier, tailleMax = 10) {
    if (!fichier.size) {
        throw new Error(_t("« %(name)s » est vide : choisissez un autre fichier.", fichier));
    }
    const debut = new TextDecoder("latin1").decode(await fichier.slice(0, 5).arrayBuffer());
    if (debut === "%PDF-") {
        if (fichier.size > tailleMax * 1_048_576) {
            throw new Error(_t("« %(nom)s » pèse plus de %(mega)s Mo : photographiez plutôt la page.", { nom: fichier.name, mega: tailleMax }));
        }
        return fichier;
    }
    const reduite = await reduire(fichier);
    return new File([reduite], `${fichier.name.replace(/\.\w+$/, "")}.jpg`, { type: "image/jpeg" });
}
