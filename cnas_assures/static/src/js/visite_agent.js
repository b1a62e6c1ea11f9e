/** @odoo-module */

import { declarerVisite } from "@cnas_base/js/visites";
import { _t } from "@web/core/l10n/translation";

declarerVisite("cnas_visite_agent", "cnas_base.group_agent", 30, [
    ['[data-menu-xmlid="cnas_base.menu_assures"]', _t("Les familles se tiennent ici.")],
    ['.dropdown-item[data-menu-xmlid="cnas_assures.assure_menu"]', _t("Ouvrez la liste des assurés.")],
    [".o_list_button_add", _t("Créez le chef de famille.")],
    [".o_field_widget[name=nom] input", _t("Son nom, puis Tab : prénom, genre, date se suivent au clavier."), "text ABAKAR"],
    [".o_field_widget[name=prenom] input", _t("Son prénom."), "text Mahamat"],
    [".o_field_widget[name=genre] select", _t("Son genre."), 'text "masculin"'],
    [".o_row .o_field_widget[name=date_naissance] input", _t("Sa date de naissance ; cochez « vers » si seule l'année est connue."), "text 12/05/1984"],
    [".o_notebook .nav-link[name=famille]", _t("Les conjoints et les enfants s'ajoutent ici, une ligne chacun.")],
    [".o_field_widget[name=ayant_droit_ids] .o_field_x2many_list_row_add a", _t("Ajoutez un ayant droit.")],
    [".o_form_button_cancel", _t("C'était un essai : annulez. Pour de bon, enregistrez ; « Immatriculer la famille » fait le reste.")],
], "body:not(:has(.o_form_view))");
