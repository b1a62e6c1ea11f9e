// Les phrases des scripts de l'espace, dans la langue de la page. Elles s'écrivent en français dans le code, `_t("… %(nom)s …", { nom })` :
// l'export d'Odoo les relève là, et le serveur met ici leur traduction.
window._t = ((traduites) => (phrase, valeurs = {}) => (traduites[phrase] || phrase).replace(
    /%\((\w+)\)s/g, (trou, nom) => valeurs[nom] ?? trou))("@PHRASES@");
