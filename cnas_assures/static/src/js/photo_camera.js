/** @odoo-module **/

import { _t } from "@web/core/l10n/translation";
import { Dialog } from "@web/core/dialog/dialog";
import { ImageField, imageField } from "@web/views/fields/image/image_field";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Component, onMounted, onWillUnmount, useRef, useState } from "@odoo/owl";

const LARGEUR = 480;
const HAUTEUR = 600;

/** Fenêtre de prise de vue : montre la caméra, cadre en portrait, rend une image JPEG en base64. */
export class PriseDeVue extends Component {
    static template = "cnas_assures.PriseDeVue";
    static components = { Dialog };
    static props = { close: Function, surPhoto: Function };

    setup() {
        this.titre = _t("Prendre la photo");
        this.video = useRef("video");
        this.etat = useState({ pret: false, erreur: "" });
        this.flux = null;
        onMounted(() => this.ouvrir());
        onWillUnmount(() => this.fermer());
    }

    async ouvrir() {
        try {
            this.flux = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" }, audio: false });
            this.video.el.srcObject = this.flux;
            await this.video.el.play();
            this.etat.pret = true;
        } catch {
            this.etat.erreur = _t("La caméra ne répond pas : branchez-la, ou autorisez-la dans le navigateur (adresse en https).");
        }
    }

    fermer() {
        for (const piste of this.flux ? this.flux.getTracks() : []) {
            piste.stop();
        }
    }

    prendre() {
        const video = this.video.el;
        const toile = document.createElement("canvas");
        toile.width = LARGEUR;
        toile.height = HAUTEUR;
        const echelle = Math.max(LARGEUR / video.videoWidth, HAUTEUR / video.videoHeight);
        const largeur = LARGEUR / echelle;
        const hauteur = HAUTEUR / echelle;
        toile.getContext("2d").drawImage(
            video, (video.videoWidth - largeur) / 2, (video.videoHeight - hauteur) / 2, largeur, hauteur,
            0, 0, LARGEUR, HAUTEUR
        );
        this.props.surPhoto(toile.toDataURL("image/jpeg", 0.85).split(",")[1]);
        this.props.close();
    }
}

/** Champ image d'Odoo, plus un bouton qui ouvre la caméra. */
export class PhotoCamera extends ImageField {
    static template = "cnas_assures.PhotoCamera";

    setup() {
        super.setup();
        this.dialogues = useService("dialog");
    }

    ouvrirCamera() {
        this.dialogues.add(PriseDeVue, {
            surPhoto: (donnees) =>
                this.onFileUploaded({ data: donnees, name: "photo.jpg", type: "image/jpeg", size: donnees.length }),
        });
    }
}

registry.category("fields").add("cnas_photo", { ...imageField, component: PhotoCamera, displayName: _t("Photo") });
