/** @odoo-module */

import { browser } from "@web/core/browser/browser";
import { localization } from "@web/core/l10n/localization";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { Component, onMounted, onPatched, onWillStart, onWillUnmount, onWillUpdateProps, useRef, useState } from "@odoo/owl";

const LARGEUR_MIN = 1280; // en deçà, la pièce s'ouvre par son onglet
const CLE_LARGEUR = "cnas.volet_document";

/** Volet du document : la pièce numérisée à côté de la feuille, avec zoom, rotation et pièce suivante. */
export class VoletDocument extends Component {
    static template = "cnas_feuilles_soin.VoletDocument";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.racine = useRef("racine");
        this.etat = useState({ pieces: [], rang: 0, zoom: 1, angle: 0, ouvert: true, large: this.large });
        this.auRedimensionnement = () => {
            this.etat.large = this.large;
        };
        onWillStart(() => this.charger(this.props));
        onWillUpdateProps((suivantes) => {
            if (suivantes.record.resId !== this.resId || suivantes.record.data.piece_ids.count !== this.compte) {
                return this.charger(suivantes);
            }
        });
        onMounted(() => {
            browser.addEventListener("resize", this.auRedimensionnement);
            this.poser();
        });
        onPatched(() => this.poser());
        onWillUnmount(() => {
            browser.removeEventListener("resize", this.auRedimensionnement);
            this.fiche?.classList.remove("o_cnas_avec_document");
        });
    }

    get large() {
        return browser.innerWidth >= LARGEUR_MIN;
    }

    get montre() {
        return this.etat.large && this.etat.pieces.length > 0;
    }

    get piece() {
        return this.etat.pieces[this.etat.rang];
    }

    /** Un format qu'aucun navigateur n'affiche (TIFF, HEIC) se lit par son aperçu PDF. */
    get estPdf() {
        return this.piece.mimetype === "application/pdf" || Boolean(this.piece.apercu_id);
    }

    get source() {
        const contenu = `/web/content/${(this.piece.apercu_id || this.piece.attachment_id)[0]}`;
        return this.estPdf
            ? `/web/static/lib/pdfjs/web/viewer.html?file=${encodeURIComponent(contenu)}#pagemode=none`
            : contenu;
    }

    get style() {
        const { zoom, angle } = this.etat;
        return `width: ${zoom * 100}%; transform: rotate(${angle}deg);`;
    }

    async charger(props) {
        this.resId = props.record.resId;
        this.compte = props.record.data.piece_ids.count;
        const pieces = this.resId
            ? await this.orm.searchRead("cnas.feuille_soin.piece", [["feuille_id", "=", this.resId]],
                ["name", "type_id", "mimetype", "attachment_id", "apercu_id"])
            : [];
        Object.assign(this.etat, { pieces });
        this.choisir(0);
    }

    choisir(rang) {
        Object.assign(this.etat, { rang, zoom: 1, angle: 0 });
    }

    changer(ev) {
        this.choisir(Number(ev.target.value));
    }

    suivante() {
        this.choisir((this.etat.rang + 1) % this.etat.pieces.length);
    }

    zoomer() {
        this.etat.zoom = this.etat.zoom >= 3 ? 1 : this.etat.zoom + 0.5;
    }

    tourner() {
        this.etat.angle = (this.etat.angle + 90) % 360;
    }

    basculer() {
        this.etat.ouvert = !this.etat.ouvert;
    }

    /** La fiche laisse la place au volet ; la largeur choisie se retient. */
    poser() {
        this.fiche ||= this.racine.el?.closest(".o_form_view");
        if (!this.fiche) {
            return;
        }
        this.fiche.classList.toggle("o_cnas_avec_document", this.montre && this.etat.ouvert);
        this.fiche.style.setProperty("--cnas-volet", browser.localStorage.getItem(CLE_LARGEUR) || "38vw");
    }

    tirer(depart) {
        depart.preventDefault();
        const bouger = (ev) => {
            const voulue = localization.direction === "rtl" ? ev.clientX : browser.innerWidth - ev.clientX;
            const largeur = Math.min(Math.max(voulue, 320), browser.innerWidth * 0.6);
            browser.localStorage.setItem(CLE_LARGEUR, `${Math.round(largeur)}px`);
            this.poser();
        };
        const lacher = () => {
            document.body.classList.remove("o_cnas_tire");
            document.removeEventListener("pointermove", bouger);
        };
        document.body.classList.add("o_cnas_tire"); // sinon le cadre du PDF avale le geste
        document.addEventListener("pointermove", bouger);
        document.addEventListener("pointerup", lacher, { once: true });
    }
}

registry.category("view_widgets").add("cnas_document", { component: VoletDocument });
