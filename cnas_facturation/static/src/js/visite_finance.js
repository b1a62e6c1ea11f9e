/** @odoo-module */

import { declarerVisite } from "@cnas_base/js/visites";
import { _t } from "@web/core/l10n/translation";

declarerVisite("cnas_visite_finance", "cnas_base.group_finance", 20, [
    ['[data-menu-xmlid="cnas_base.menu_facturation"]', _t("Ordonnancer, payer, rapprocher : tout est ici.")],
    ['.dropdown-item[data-menu-xmlid="cnas_facturation.facture_a_ordonnancer_menu"]', _t("Les factures validées qui attendent votre ordre.")],
    [".o_data_row:first .o_data_cell:first", _t("Ouvrez la première : vérifiez le décompte et le compte de la formation.")],
    ['[data-menu-xmlid="cnas_base.menu_facturation"]', _t("Une fois ordonnancée, elle donne un ordre de paiement.")],
    ['.dropdown-item[data-menu-xmlid="cnas_facturation.lot_paiement_menu"]', _t("Les ordres partent en lots : l'un prépare, un autre signe et transmet.")],
]);
